// Sorts records of one size by the bytes they begin with. The result holds every record of the input, in ascending
// order of keys as unsigned bytes; records with equal keys stand in the order of their other bytes.
//
//   -p record=100      bytes of a record, 1 to 65536 (the default is 100)
//   -p key=10          bytes of its key, 1 to the record's size (the default is 10)
//   -p header=0        bytes before the first record; the result has no header
#include <brume/job.h>

struct SortRecords {
  using Value = std::string_view;  // what follows the key

  void configure(brume::Parameters& parameters) {
    parameters.number("record", size, std::size_t{1}, std::size_t{65536});
    parameters.number("key", key_size, std::size_t{1}, std::size_t{65536});
    parameters.number("header", header, std::uint64_t{0}, std::uint64_t{1} << 40);
    if (key_size > size) parameters.refuse("key", "is a number from 1 to the record's size");
  }

  brume::Records records() const { return {size, header}; }

  void map(std::string_view text, brume::Emitter<Value>& out) const {
    for (; !text.empty(); text.remove_prefix(size)) {
      out.emit(text.substr(0, key_size), text.substr(key_size, size - key_size));
    }
  }

  void format(std::string_view, Value rest, brume::Line& line) const { line << rest; }

 private:
  std::size_t size = 100;
  std::size_t key_size = 10;
  std::uint64_t header = 0;
};

BRUME_JOB(SortRecords);
