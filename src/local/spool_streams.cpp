#include "local/spool_streams.h"

namespace brume::local {
namespace {

class SpoolSource final : public ByteSource {
 public:
  SpoolSource(const Spool& spool, std::uint32_t lane, std::size_t begin) : reader_(spool, lane, begin) {}
  std::expected<std::span<const std::uint8_t>, std::string> next() override {
    while (!ended_) {
      const auto block = reader_.next();
      if (!block) return std::unexpected(block.error().what);
      ended_ = !*block || (*block)->ends_stream;
      if (*block && !(*block)->bytes.empty()) return (*block)->bytes;
    }
    return std::span<const std::uint8_t>();
  }

 private:
  Spool::Reader reader_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> SpoolStreams::open(std::size_t index, std::size_t) {
  return std::make_unique<SpoolSource>(spool_, lane_, begins_[index]);
}

JobStatus SpoolScratch::write(std::span<const std::uint8_t> bytes) {
  const auto status = spool_.write(0, bytes);
  return status ? JobStatus{} : job_error(status.error().what);
}

std::expected<std::size_t, std::string> SpoolScratch::end_run() {
  if (const auto status = spool_.end_of_stream(0); !status) return std::unexpected(status.error().what);
  begins_ = spool_.begins(0);
  return begins_.size() - 1;
}

std::unique_ptr<ByteSource> SpoolScratch::open(std::size_t run, std::size_t) {
  return std::make_unique<SpoolSource>(spool_, 0, begins_[run]);
}

}  // namespace brume::local
