// A job's name: programs carry the type's name in the section .brume.job, from which tools tell it.
#pragma once

#include <string>
#include <string_view>

namespace brume::detail {

// "WordCount" is the job "word-count": the name that runs and images use.
inline std::string job_name_of(std::string_view type) {
  std::string name;
  for (char c : type) {
    if (c >= 'A' && c <= 'Z') {
      if (!name.empty()) name.push_back('-');
      name.push_back(static_cast<char>(c - 'A' + 'a'));
    } else {
      name.push_back(c == '_' ? '-' : c);
    }
  }
  return name;
}

}  // namespace brume::detail
