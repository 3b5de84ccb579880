// A job's name: programs carry the type's name in the section .brume.job, from which tools tell it.
#pragma once

#include <string>
#include <string_view>

namespace brume::detail {

// The last name of "my::jobs::WordCount".
constexpr std::string_view without_namespaces(std::string_view type) {
  if (const std::size_t at = type.rfind("::"); at != std::string_view::npos) type.remove_prefix(at + 2);
  while (type.starts_with(' ')) type.remove_prefix(1);
  return type;
}

// "WordCount" is the job "word-count": the name that runs and images use.
inline std::string job_name_of(std::string_view type) {
  std::string name;
  for (const char c : without_namespaces(type)) {
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
  std::size_t size = 0;
  for (const char c : without_namespaces(type)) {
    const bool large = c >= 'A' && c <= 'Z';
    if (!large && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && (c != '_' || size == 0)) return false;
    size += large && size > 0 ? 2 : 1;
  }
  return size >= 1 && size <= 64;
}

}  // namespace brume::detail
