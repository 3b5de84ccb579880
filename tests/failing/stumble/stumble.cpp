// For tests/failing: a line "crash" ends the program, a line "malformed" is called malformed; lines are counted.
#include <brume/job.h>
#include <brume/lines.h>

struct Stumble {
  using Value = std::uint64_t;
  brume::ByteSet separators() const { return {'\n'}; }

  void map(const brume::Piece& piece, brume::Emitter<Value>& out) const {
    for (const std::string_view line : brume::Lines(piece.text)) {
      if (line == "crash") __builtin_trap();
      if (line == "malformed") out.malformed(piece.offset + static_cast<std::size_t>(line.data() - piece.text.data()));
      out.emit(line, 1);
    }
  }

  static constexpr auto combine = brume::sum;
};

BRUME_JOB(Stumble);
