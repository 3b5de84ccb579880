// A job's name: programs carry the type's name in the section .brume.job, from which tools tell it.
#pragma once

#include <string>
#include <string_view>

namespace brume::detail {

// "WordCount" is the job "word-count": the name that runs and images use. Namespaces are left out.
constexpr std::string job_name_of(std::string_view type) {
  if (const std::size_t at = type.rfind("::"); at != std::string_view::npos) type.remove_prefix(at + 2);
  while (type.starts_with(' ')) type.remove_prefix(1);
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

// Whether the type makes a name that runs may have: [a-z0-9-]{1,64}, and no flag.
constexpr bool names_job(std::string_view type) {
  const std::string name = job_name_of(type);
  if (name.empty() || name.size() > 64 || name[0] == '-') return false;
  for (const char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  }
  return true;
}

}  // namespace brume::detail
