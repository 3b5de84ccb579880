#include "mapreduce/counting_map.h"

#include <brume/reduction.h>

#include <algorithm>
#include <new>

namespace brume::mapreduce {
namespace {

constexpr std::size_t kMaxPairs = 4096;
// Of a task's memory, for words that wait for their part of the table.
constexpr std::uint64_t kWaitingShare = 8;
constexpr std::uint64_t kMostWaiting = std::uint64_t{16} << 20;

// The first hash of a partition.
std::uint64_t first_hash(std::uint64_t partition, std::uint32_t partitions) {
  const auto numerator = static_cast<unsigned __int128>(partition) << 64;
  return static_cast<std::uint64_t>((numerator + partitions - 1) / partitions);
}

}  // namespace

// Written before read.
struct CountingMapTask::Buffers {
  WordSpan words[kMaxSegmentWords + kOutputSlack];
  std::uint8_t segment[kSegmentSize + 2 * kSlack];  // a segment's text where it needs folding or slack
  std::uint8_t pairs[kSegmentSize + kSlack];        // keys of single pairs
  WordSpan pair_keys[kMaxPairs + kOutputSlack];
  std::uint64_t pair_values[kMaxPairs];
};

CountingMapTask::CountingMapTask(const detail::CountingHooks& hooks, CountingState& state)
    : hooks_(hooks), state_(state), tables_(state.tables), buffers_block_(sizeof(Buffers)), separators_(ByteSet{}) {
  const std::uint64_t waiting = std::min(state.memory_budget / kWaitingShare, kMostWaiting);
  tables_.configure(state.schedule, 1, hooks.value_bits, hooks.is_signed, static_cast<std::size_t>(waiting));
  buffers_ = reinterpret_cast<Buffers*>(buffers_block_.data());
  if (buffers_ == nullptr || !tables_.reset(state.map_short_count, state.map_long_count)) fail(detail::kOutOfMemory);
}

void CountingMapTask::fail(std::string why) {
  if (status_) status_ = job_error(std::move(why));
}

JobStatus CountingMapTask::feed(const Piece& piece, PartitionSink& sink) {
  return detail::guarded([&]() -> JobStatus {
    sink_ = &sink;
    if (status_) hooks_.map(hooks_.job, piece, *this);
    flush_pairs();
    return status_;
  });
}

JobStatus CountingMapTask::finish(PartitionSink& sink) {
  return detail::guarded([&]() -> JobStatus {
    sink_ = &sink;
    if (status_ && hooks_.end_of_map != nullptr) hooks_.end_of_map(hooks_.job, *this);
    flush_pairs();
    if (status_ && !tables_.settle(*this)) fail(detail::kOutOfMemory);
    if (!status_) return status_;
    state_.map_short_count = tables_.short_table().size();
    state_.map_long_count = tables_.long_table().size();
    spill(Spill::kLast);
    return status_;
  });
}

void CountingMapTask::add(std::string_view key, std::uint64_t value) {
  if (key.size() > kSegmentSize / 2) return add_large(key, value);
  if (pair_count_ == kMaxPairs || pair_bytes_ + key.size() > kSegmentSize) flush_pairs();
  if (!status_) return;
  if (!key.empty()) std::memcpy(buffers_->pairs + pair_bytes_, key.data(), key.size());
  buffers_->pair_keys[pair_count_] = word_span(pair_bytes_, pair_bytes_ + key.size());
  buffers_->pair_values[pair_count_] = value;
  pair_bytes_ += key.size();
  ++pair_count_;
}

void CountingMapTask::flush_pairs() {
  const std::size_t count = std::exchange(pair_count_, 0);
  pair_bytes_ = 0;
  if (count == 0 || !status_) return;
  keep_within_budget(kSegmentSize);
  if (!tables_.add_segment(buffers_->pairs, buffers_->pair_keys, count, buffers_->pair_values, 0, *this)) {
    fail(detail::kOutOfMemory);
  }
}

void CountingMapTask::add_words(const Words& words, std::string_view text, std::uint64_t value) {
  if (!(words.separators == words_.separators)) separators_ = ByteClass(words.separators);
  words_ = words;
  const auto is_separator = [this](char byte) { return separators_.in[static_cast<std::uint8_t>(byte)] != 0; };
  while (!text.empty() && status_) {
    std::size_t size = std::min(text.size(), kSegmentSize);
    if (size < text.size()) {
      while (size > 0 && !is_separator(text[size - 1])) --size;
    }
    if (size == 0) {  // a word longer than a segment
      size = static_cast<std::size_t>(std::find_if(text.begin(), text.end(), is_separator) - text.begin());
      add_long_word(text.substr(0, size), value);
    } else {
      add_segment(text.substr(0, size), text.size() - size >= kSlack, value);
    }
    text.remove_prefix(size);
  }
}

void CountingMapTask::add_segment(std::string_view text, bool has_slack, std::uint64_t value) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  if (words_.upper || !has_slack) std::memcpy(buffers_->segment, bytes, text.size());
  if (words_.upper) kernels_.fold_upper(buffers_->segment, text.size(), buffers_->segment);
  if (words_.upper || !has_slack) bytes = buffers_->segment;
  const std::size_t count = kernels_.tokenise(separators_, bytes, text.size(), buffers_->words);
  if (count == 0) return;
  keep_within_budget(text.size());
  if (!tables_.add_segment(bytes, buffers_->words, count, nullptr, value, *this)) fail(detail::kOutOfMemory);
}

void CountingMapTask::add_long_word(std::string_view word, std::uint64_t value) {
  if (!words_.upper) return add_large(word, value);
  Block copy(word.size() + kSlack);
  if (!copy) return fail(detail::kOutOfMemory);
  std::memcpy(copy.data(), word.data(), word.size());
  kernels_.fold_upper(copy.data(), word.size(), copy.data());
  add_large({reinterpret_cast<const char*>(copy.data()), word.size()}, value);
}

void CountingMapTask::add_large(std::string_view key, std::uint64_t value) {
  if (key.size() > kMaxKeySize || key.size() > state_.memory_budget) {
    return fail("a key is larger than the memory budget of a task");
  }
  keep_within_budget(key.size());
  if (status_ && !tables_.add_large(key, value, *this)) fail(detail::kOutOfMemory);
}

void CountingMapTask::keep_within_budget(std::size_t more) {
  if (tables_.bytes() + more > state_.memory_budget && !tables_.empty()) spill(Spill::kForRoom);
}

bool CountingMapTask::make_room(bool in_long_table) {
  if (tables_.grow(in_long_table, state_.memory_budget)) return true;
  spill(Spill::kForRoom);
  return status_.has_value();
}

// Writes everything, partition by partition, and empties the tables.
void CountingMapTask::spill(Spill spill) {
  GroupWriter writer(*sink_, hooks_.is_signed);
  const std::size_t shorts = tables_.short_table().size();
  const std::size_t longs = tables_.long_table().size();
  for (std::uint32_t partition = 0; partition < state_.partitions; ++partition) {
    if (!tables_.empty()) write_partition(writer, partition);
    if (spill == Spill::kLast) writer.end(partition);
  }
  auto status = writer.finish();
  if (status_) status_ = std::move(status);
  if (!tables_.reset(shorts, longs)) fail(detail::kOutOfMemory);
}

void CountingMapTask::write_partition(GroupWriter& writer, std::uint32_t partition) {
  const std::uint64_t partitions = state_.partitions;
  const ShortTable& shorts = tables_.short_table();
  const LongTable& longs = tables_.long_table();
  const std::uint64_t first = first_hash(partition, state_.partitions);
  const std::uint64_t last =
      partition + 1 == partitions ? ~std::uint64_t{0} : first_hash(partition + 1, state_.partitions) - 1;
  writer.begin(partition, shorts.size() / partitions + 1);
  shorts.for_each_in(first, last, [&](const ShortBucket& bucket, std::size_t slot) {
    const std::string_view key(reinterpret_cast<const char*>(&bucket.keys[slot]), bucket.sizes[slot] - 1u);
    writer.put(key, tables_.total(key, bucket.counts[slot]));
  });
  writer.begin(partition, longs.size() / partitions + 1);
  longs.for_each_in(first, last,
                    [&](const LongEntry& entry) { writer.put(entry.key(), tables_.total(entry.key(), entry.count)); });
}

}  // namespace brume::mapreduce
