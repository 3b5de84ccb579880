// How many lines are one of the given strings: each string that occurs, with its count.
//
//   -p strings=ONE,TWO,...     at least one, at most 1000 of them
#include <brume/job.h>
#include <brume/lines.h>

struct StringMatch {
  using Value = std::uint64_t;

  void configure(brume::Parameters& parameters) {
    std::string list;
    parameters.text("strings", list);
    for (std::size_t begin = 0; begin <= list.size();) {
      const std::size_t end = std::min(list.find(',', begin), list.size());
      if (end > begin) strings.push_back(list.substr(begin, end - begin));
      begin = end + 1;
    }
    std::ranges::sort(strings, before);
    if (strings.empty() || strings.size() > 1000) parameters.refuse("strings", "is a list of 1 to 1000 strings");
  }

  brume::ByteSet separators() const { return {'\n'}; }

  void map(std::string_view text, brume::Emitter<Value>& out) const {
    for (const std::string_view whole : brume::Lines(text)) {
      const std::string_view line = brume::without_return(whole);
      if (std::ranges::binary_search(strings, line, before)) out.emit(line, 1);
    }
  }

  static constexpr auto combine = brume::sum;

 private:
  // By size first: most lines are told apart without a look at their bytes.
  static bool before(std::string_view a, std::string_view b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  }

  std::vector<std::string> strings;
};

BRUME_JOB(StringMatch);
