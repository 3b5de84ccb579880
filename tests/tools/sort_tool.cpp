// Records of 100 bytes with keys of 10, as sort benchmarks use them: makes them, and looks at a file of them.
//
//   sort_tool make [--text] COUNT SEED
//                                 random records on standard output; one key in 16 has occurred before. --text: each is
//                                 a line of ASCII, so that programs which sort lines can sort them
//   sort_tool check               reads standard input; prints "COUNT CHECKSUM DUPLICATES ORDER": the sum of a 64-bit
//                                 hash of each record, in hexadecimal; neighbours with equal keys; "sorted", or
//                                 "unsorted at RECORD". Equal counts and checksums: the same records in another order.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t kRecordSize = 100;
constexpr std::size_t kKeySize = 10;

// 64 characters that stand in the order of their codes.
constexpr std::string_view kAlphabet = "+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static_assert(kAlphabet.size() == 64);

void make_line(std::vector<char>& record) {
  for (char& byte : record) byte = kAlphabet[static_cast<std::uint8_t>(byte) % kAlphabet.size()];
  record.back() = '\n';
}

int make(std::uint64_t count, std::uint64_t seed, bool text) {
  std::mt19937_64 random(seed);
  std::vector<char> record(kRecordSize);
  std::vector<char> key_before(kKeySize, text ? kAlphabet.front() : '\0');
  for (std::uint64_t i = 0; i < count; ++i) {
    for (std::size_t at = 0; at < kRecordSize; at += sizeof(std::uint32_t)) {
      const auto bits = static_cast<std::uint32_t>(random());
      std::memcpy(record.data() + at, &bits, sizeof bits);
    }
    if (text) make_line(record);
    if (random() % 16 == 0) {
      std::memcpy(record.data(), key_before.data(), kKeySize);
    } else if (random() % 64 == 0) {
      std::memcpy(key_before.data(), record.data(), kKeySize);
    }
    if (std::fwrite(record.data(), 1, kRecordSize, stdout) != kRecordSize) return 1;
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}

// FNV-1a, then mixed: sums of it tell sets of records apart, by accident if not against an enemy.
std::uint64_t hash_of(std::string_view record) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char byte : record) hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001B3u;
  hash ^= hash >> 32;
  hash *= 0xD6E8FEB86659FD93u;
  return hash ^ hash >> 32;
}

int check() {
  std::vector<char> record(kRecordSize);
  std::vector<char> before(kRecordSize);
  std::uint64_t count = 0;
  std::uint64_t checksum = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t unsorted_at = 0;
  std::size_t got = 0;
  for (; (got = std::fread(record.data(), 1, kRecordSize, stdin)) == kRecordSize; ++count) {
    checksum += hash_of({record.data(), kRecordSize});
    const int order = count == 0 ? -1 : std::memcmp(before.data(), record.data(), kKeySize);
    if (order == 0) ++duplicates;
    if (order > 0 && unsorted_at == 0) unsorted_at = count;
    record.swap(before);
  }
  if (got != 0) {
    std::fprintf(stderr, "sort_tool: the file ends within a record\n");
    return 1;
  }
  std::printf("%llu %016llx %llu ", static_cast<unsigned long long>(count), static_cast<unsigned long long>(checksum),
              static_cast<unsigned long long>(duplicates));
  if (unsorted_at == 0) {
    std::printf("sorted\n");
  } else {
    std::printf("unsorted at %llu\n", static_cast<unsigned long long>(unsorted_at));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  const bool text = verb == "make" && argc == 5 && std::string_view(argv[2]) == "--text";
  if (text || (verb == "make" && argc == 4))
    return make(std::strtoull(argv[argc - 2], nullptr, 10), std::strtoull(argv[argc - 1], nullptr, 10), text);
  if (verb == "check" && argc == 2) return check();
  std::fprintf(stderr, "usage: sort_tool make [--text] COUNT SEED | sort_tool check\n");
  return 2;
}
