#include "enclave/side_reader.h"

namespace brume::enclave {

SideReader::SideReader(const mapreduce::Descriptor& descriptor, std::uint32_t side, const crypto::Key32& payload_key,
                       Outbox& outbox, std::uint64_t& next_fetch)
    : reader_(descriptor, descriptor.side_range(side), payload_key, outbox, next_fetch) {}

std::optional<Bytes> SideReader::read(FramePump& pump) {
  reader_.begin(*this);
  while (!reader_.complete()) {
    reader_.proceed();
    if (reader_.fault()) {
      fault_ = *reader_.fault();
      return std::nullopt;
    }
    if (reader_.complete()) break;
    if (abandoned_ || !pump.pump()) {
      fault_ = {mapreduce::FailureReason::kInputUnavailable, "the host is gone"};
      return std::nullopt;
    }
  }
  return std::move(bytes_);
}

MutableByteView SideReader::room(std::size_t size) {
  const std::size_t at = bytes_.size();
  bytes_.resize(at + size);
  return MutableByteView(bytes_).subspan(at);
}

}  // namespace brume::enclave
