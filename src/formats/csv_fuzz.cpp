// Any line: what parses as a CSV record, written again, parses as the same fields; nothing reads beyond the line.
#include <brume/csv.h>

#include <cstdint>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Exactly as long as it says: a read behind it is seen by sanitizers.
  const std::vector<char> line(data, data + size);
  brume::CsvRecord record;
  if (!record.parse({line.data(), line.size()})) {
    BRUME_CHECK(record.size() == 0 && record.error() != nullptr);
    return 0;
  }
  BRUME_CHECK(record.size() > 0 && record.error() == nullptr);
  std::string again;
  for (std::size_t i = 0; i < record.size(); ++i) {
    if (i > 0) again.push_back(',');
    brume::append_csv_field(record[i], again);
  }
  brume::CsvRecord second;
  BRUME_CHECK(second.parse(again) && second.size() == record.size());
  for (std::size_t i = 0; i < record.size(); ++i) BRUME_CHECK(second[i] == record[i]);
  return 0;
}
