// The lines of a text in order, each with a count of how often it stands there: a job that sorts, beyond the memory
// that it has, and reads lists.
#pragma once

#include <brume/job.h>
#include <brume/lines.h>

#include <map>

namespace brume::simulation {

struct SortLines {
  using Value = std::string;  // the line's first byte, again and again: lists that are longer than keys
  ByteSet separators() const { return {'\n'}; }
  void map(std::string_view text, Emitter<Value>& out) const {
    for (const std::string_view line : Lines(text)) {
      out.count("lines");
      out.emit(line, std::string(line.substr(0, 200)));
    }
  }
  void reduce(std::string_view key, Values<Value> values, Output& out) const {
    std::uint64_t count = 0;
    for (const std::string& value : values) count += value == key.substr(0, 200) ? 1 : 1'000'000;
    out.line(0, key, '\t' + std::to_string(count) + '\n');
  }
};

inline std::string naive_sorted_lines(std::string_view text) {
  std::map<std::string, std::uint64_t, std::less<>> counts;
  for (const std::string_view line : Lines(text)) ++counts[std::string(line)];
  std::string out;
  for (const auto& [line, count] : counts) out += line + '\t' + std::to_string(count) + '\n';
  return out;
}

}  // namespace brume::simulation
