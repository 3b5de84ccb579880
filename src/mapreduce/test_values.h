// Values that tests of this room share. Not part of the library.
#pragma once

#include "base/outside.h"
#include "mapreduce/descriptor.h"

namespace brume::mapreduce {

// splitmix64: the same numbers from the same seed, on every machine. No secrets come from it.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // 0..bound-1
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  void fill(MutableByteView out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(next());
  }

 private:
  std::uint64_t state_;
};

template <std::size_t N>
ByteArray<N> filled(std::uint8_t value) {
  ByteArray<N> out;
  out.fill(value);
  return out;
}

inline InputCommitment example_commitment(std::uint64_t chunk_count) {
  InputCommitment input;
  input.header_hash.bytes = filled<32>(3);
  input.payload_key_commitment.bytes = filled<32>(4);
  input.chunk_count = chunk_count;
  input.final_chunk_size = 77;
  return input;
}

inline DescriptorFields example_fields() {
  DescriptorFields fields;
  fields.run.bytes = filled<16>(1);
  fields.job_name = "word-count";
  fields.measurement.bytes = filled<32>(2);
  fields.parameters = {{"tokens", "letters"}, {"top", "10"}};
  fields.inputs = {{example_commitment(10), "text", InputEncoding::kNone}};
  fields.split_chunk_counts = {4, 3, 3};
  fields.partition_count = 2;
  fields.output_recipient = "age1qqq";
  fields.policy_hash.bytes = filled<32>(5);
  fields.epoch = 6;
  return fields;
}

}  // namespace brume::mapreduce
