// The lines that match a pattern, in the order of the inputs and within them, as `grep -h` prints them.
//
//   -p pattern=TEXT        what to look for (needed)
//   -p match=substring     lines that contain it (the default)
//   -p match=glob          lines that it describes as a whole: * is any bytes, ? any one byte
//   -p ignore-case=yes     A-Z are as good as a-z (default: no)
#include <brume/job.h>
#include <brume/lines.h>

#include <cstring>

namespace {

char lower(char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte; }

// In time |pattern| * |line| at most: only the last star is ever tried again.
bool glob_matches(std::string_view pattern, std::string_view line) {
  std::size_t p = 0;
  std::size_t at = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_end = 0;  // what the last star takes ends here
  while (at < line.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_end = at;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == line[at])) {
      ++p;
      ++at;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      at = ++star_end;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

struct Grep {
  using Key = std::pair<std::uint32_t, std::uint64_t>;  // the line's place: its input, and its first byte there
  using Value = std::string;

  void configure(brume::Parameters& parameters) {
    parameters.text("pattern", pattern);
    parameters.choose("match", glob, {{"substring", false}, {"glob", true}});
    parameters.choose("ignore-case", fold, {{"no", false}, {"yes", true}});
    if (pattern.contains('\n')) parameters.refuse("pattern", "is needed: a text without line ends");
    if (fold) std::ranges::transform(pattern, pattern.begin(), lower);
  }

  brume::ByteSet separators() const { return {'\n'}; }

  void map(const brume::Piece& piece, brume::Emitter<Value, Key>& out) const {
    std::string folded;
    std::string_view text = piece.text;
    if (fold) {
      folded.resize(text.size());
      std::ranges::transform(text, folded.begin(), lower);
      text = folded;
    }
    if (glob) return match_lines(piece, text, out);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t found = find(text, at);
      if (found == std::string_view::npos) return;
      const std::size_t before = found == 0 ? std::string_view::npos : text.rfind('\n', found - 1);
      at = std::min(text.find('\n', found), text.size());
      emit(piece, before == std::string_view::npos ? 0 : before + 1, at, out);
      ++at;
    }
  }

  void reduce(const Key&, brume::Values<Value> lines, brume::Output& out) const {
    for (const std::string& line : lines) out.line(line);
  }

 private:
  void match_lines(const brume::Piece& piece, std::string_view text, brume::Emitter<Value, Key>& out) const {
    for (const std::string_view line : brume::Lines(text)) {
      if (!glob_matches(pattern, line)) continue;
      const auto begin = static_cast<std::size_t>(line.data() - text.data());
      emit(piece, begin, begin + line.size(), out);
    }
  }
  std::size_t find(std::string_view text, std::size_t from) const {
    const void* const found = memmem(text.data() + from, text.size() - from, pattern.data(), pattern.size());
    if (found == nullptr) return std::string_view::npos;
    return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
  }
  static void emit(const brume::Piece& piece, std::size_t begin, std::size_t end, brume::Emitter<Value, Key>& out) {
    out.emit({piece.input, piece.offset + begin}, std::string(piece.text.substr(begin, end - begin)) + '\n');
  }

  std::string pattern = "\n";  // nobody's: not given
  bool glob = false;
  bool fold = false;
};

BRUME_JOB(Grep);
