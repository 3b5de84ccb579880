#include "transport/fetch_source.h"

#include <algorithm>

#include "base/check.h"

namespace brume::transport {
namespace {

class ListSource final : public FetchSource {
 public:
  explicit ListSource(std::vector<FrameExtents> frames) : frames_(std::move(frames)) {}
  FrameExtents next() override {
    if (at_ == frames_.size()) return {};
    return std::move(frames_[at_++]);
  }

 private:
  std::vector<FrameExtents> frames_;
  std::size_t at_ = 0;
};

class UnitSource final : public FetchSource {
 public:
  UnitSource(std::shared_ptr<const UniqueFd> file, std::uint64_t at, std::uint64_t end, std::uint64_t step)
      : file_(std::move(file)), at_(at), end_(end), step_(step) {}
  FrameExtents next() override {
    if (at_ == end_) return {};
    const std::uint64_t size = std::min(step_, end_ - at_);
    FrameExtents frame{{file_, at_, size}};
    at_ += size;
    return frame;
  }

 private:
  std::shared_ptr<const UniqueFd> file_;
  std::uint64_t at_;
  std::uint64_t end_;
  std::uint64_t step_;
};

}  // namespace

std::unique_ptr<FetchSource> make_list_source(std::vector<FrameExtents> frames) {
  return std::make_unique<ListSource>(std::move(frames));
}

std::expected<std::unique_ptr<FetchSource>, FetchFailure> make_unit_source(const UnitRange& range) {
  BRUME_CHECK(range.unit_size > 0 && range.unit_size <= kAnswerFrameLimit && range.first_offset <= range.end_offset);
  if (range.count == 0) return std::unexpected(FetchFailure::kBadRequest);
  const std::uint64_t all = range.end_offset - range.first_offset;
  const std::uint64_t units = all / range.unit_size + (all % range.unit_size != 0 ? 1 : 0);
  if (range.first >= units || range.count > units - range.first) return std::unexpected(FetchFailure::kNotFound);
  const std::uint64_t at = range.first_offset + range.first * range.unit_size;
  const std::uint64_t end = range.first + range.count == units ? range.end_offset : at + range.count * range.unit_size;
  const std::uint64_t step = std::max<std::uint64_t>(kPreferredFrameSize / range.unit_size, 1) * range.unit_size;
  return std::make_unique<UnitSource>(range.file, at, end, step);
}

}  // namespace brume::transport
