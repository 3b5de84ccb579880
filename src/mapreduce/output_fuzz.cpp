// Output records from outside: what is accepted is in order, the same for every cut, and encodes
// to the same bytes again.
#include <brume/output_format.h>

#include <cstdlib>

namespace {

struct Record {
  std::uint64_t rank;
  std::size_t key_size;
  std::string bytes;
  brume::OutputKind kind;
  bool operator==(const Record&) const = default;
};

void need(bool holds) {
  if (!holds) std::abort();
}

bool read(std::span<const std::uint8_t> bytes, std::size_t piece, std::vector<Record>& records) {
  brume::OutputReader reader;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.feed(bytes.subspan(at, std::min(piece, bytes.size() - at)));
    brume::OutputRecord record;
    brume::OutputReader::Next next;
    while ((next = reader.next(record)) == brume::OutputReader::Next::kRecord) {
      if (!records.empty() && record.kind != brume::OutputKind::kNextOutput) {
        const Record& before = records.back();
        need(!brume::output_before(record.rank, record.key(), before.rank,
                                   std::string_view(before.bytes).substr(0, before.key_size)));
      }
      records.push_back({record.rank, record.key_size, std::string(record.bytes), record.kind});
    }
    if (next == brume::OutputReader::Next::kMalformed) return false;
  }
  return reader.at_border();
}

struct Collected final : brume::OutputSink {
  brume::JobStatus write(std::span<const std::uint8_t> more) override {
    bytes.insert(bytes.end(), more.begin(), more.end());
    return {};
  }
  std::vector<std::uint8_t> bytes;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::span<const std::uint8_t> bytes(data + 1, size - 1);
  std::vector<Record> whole;
  std::vector<Record> cut;
  const bool accepted = read(bytes, std::max<std::size_t>(bytes.size(), 1), whole);
  need(read(bytes, 1 + data[0] % 64, cut) == accepted);
  if (!accepted) return 0;
  need(whole == cut);
  Collected again;
  brume::OutputWriter writer(again);
  for (const Record& record : whole) {
    const std::string_view text = record.bytes;
    need((record.kind == brume::OutputKind::kNextOutput
              ? writer.next_output()
              : writer.write(record.rank, text.substr(0, record.key_size), text.substr(record.key_size), record.kind))
             .has_value());
  }
  need(writer.finish().has_value());
  need(std::equal(again.bytes.begin(), again.bytes.end(), bytes.begin(), bytes.end()));
  return 0;
}
