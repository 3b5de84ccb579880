// Side data of a run: read whole and kept as long as the run.
#pragma once

#include "enclave/fetched_stream.h"
#include "enclave/input_reader.h"

namespace brume::enclave {

class SideReader final : private InputReader::Taker {
 public:
  // The key is the one that the descriptor commits to. All references outlive it.
  SideReader(const mapreduce::Descriptor& descriptor, std::uint32_t side, const crypto::Key32& payload_key,
             Outbox& outbox, std::uint64_t& next_fetch);

  // Waits for the host. Nothing where it did not come: see fault().
  std::optional<Bytes> read(FramePump& pump);
  const InputFault& fault() const { return fault_; }

  bool owns(std::uint64_t fetch) const { return reader_.owns(fetch); }
  InputReader& reader() { return reader_; }
  // Nobody wants it any more.
  void abandon() { abandoned_ = true; }

 private:
  MutableByteView room(std::size_t size) override;
  std::optional<InputFault> filled() override { return std::nullopt; }

  InputReader reader_;
  Bytes bytes_;
  InputFault fault_;
  bool abandoned_ = false;
};

}  // namespace brume::enclave
