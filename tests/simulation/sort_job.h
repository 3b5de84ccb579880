// The lines of a text in order, each with a count of how often it stands there: a job that sorts, beyond the memory
// that it has, and reads lists.
#pragma once

#include <brume/job.h>
#include <brume/lines.h>

#include <map>
#include <set>

namespace brume::simulation {

struct SortLines {
  using Value = std::string;  // the line's first byte, again and again: lists that are longer than keys
  ByteSet separators() const { return {'\n'}; }
  static constexpr std::array<Side, 1> sides{{{"side", false}}};  // lines to leave out
  void load(const SideData& data) {
    for (const std::string_view line : Lines(data.find("side").value_or(""))) left_out.insert(line);
  }
  void map(std::string_view text, Emitter<Value>& out) const {
    for (const std::string_view line : Lines(text)) {
      if (left_out.contains(line)) continue;
      out.count("lines");
      out.emit(line, std::string(line.substr(0, 200)));
    }
  }
  void reduce(std::string_view key, Values<Value> values, Output& out) const {
    std::uint64_t count = 0;
    for (const std::string& value : values) count += value == key.substr(0, 200) ? 1 : 1'000'000;
    out.line(0, key, '\t' + std::to_string(count) + '\n');
  }
  std::set<std::string_view> left_out;
};

inline std::string naive_sorted_lines(const std::vector<std::string>& texts, std::string_view side) {
  std::map<std::string, std::uint64_t, std::less<>> counts;
  for (const std::string& text : texts) {
    for (const std::string_view line : Lines(text)) ++counts[std::string(line)];
  }
  for (const std::string_view line : Lines(side)) counts.erase(std::string(line));
  std::string out;
  for (const auto& [line, count] : counts) out += line + '\t' + std::to_string(count) + '\n';
  return out;
}

}  // namespace brume::simulation
