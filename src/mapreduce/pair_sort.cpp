#include "mapreduce/pair_sort.h"

#include <algorithm>

namespace brume::mapreduce {
namespace {

using detail::Ties;

// Fewer are compared with one another.
constexpr std::size_t kFew = 64;
constexpr std::size_t kWord = sizeof(PairItem::prefix);

enum class Part : std::uint8_t { kKey, kValue };

std::string_view bytes_of(const PairItem& item, Part part) { return part == Part::kKey ? item.key() : item.value(); }

// Items whose parts are alike up to `depth`, and whose prefixes are what follows there.
struct Range {
  PairItem* begin;
  PairItem* end;
  std::size_t depth;
  Part part;

  std::size_t size() const { return static_cast<std::size_t>(end - begin); }
};

class PairSort {
 public:
  explicit PairSort(Ties ties) : ties_(ties) {}

  void run(std::span<PairItem> items) {
    const Range all{items.data(), items.data() + items.size(), 0, Part::kKey};
    const auto less = [&](const PairItem& a, const PairItem& b) { return before(a, b, all); };
    if (std::ranges::is_sorted(items, less)) return;
    push(all);
    while (!ranges_.empty()) {
      const Range range = ranges_.back();
      ranges_.pop_back();
      split(range);
    }
  }

 private:
  bool before(const PairItem& a, const PairItem& b, const Range& range) const {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    // A part that ends within the prefix has zeros in it, as another may have of its own.
    const auto rest = [&](const PairItem& item) { return bytes_of(item, range.part).substr(range.depth); };
    if (const int order = rest(a).compare(rest(b)); order != 0) return order < 0;
    if (ties_ == Ties::kByValue) return range.part == Part::kKey && a.value() < b.value();
    return a.sequence < b.sequence;
  }
  void push(const Range& range) {
    const auto less = [&](const PairItem& a, const PairItem& b) { return before(a, b, range); };
    if (range.size() > kFew) {
      ranges_.push_back(range);
    } else {
      std::sort(range.begin, range.end, less);
    }
  }

  // By the first byte in which prefixes differ.
  void split(const Range& range) {
    std::uint64_t differences = 0;
    for (const PairItem* item = range.begin; item != range.end; ++item)
      differences |= item->prefix ^ range.begin->prefix;
    if (differences == 0) return go_deeper(range);
    const unsigned shift = 56 - static_cast<unsigned>(std::countl_zero(differences)) / 8 * 8;
    const auto byte_of = [shift](const PairItem& item) { return static_cast<std::uint8_t>(item.prefix >> shift); };

    std::array<PairItem*, 256> ends{};
    std::array<PairItem*, 256> next{};
    std::array<std::size_t, 256> counts{};
    for (const PairItem* item = range.begin; item != range.end; ++item) ++counts[byte_of(*item)];
    PairItem* at = range.begin;
    for (std::size_t byte = 0; byte < counts.size(); ++byte) {
      next[byte] = at;
      at += counts[byte];
      ends[byte] = at;
    }
    for (std::size_t byte = 0; byte < counts.size(); ++byte) {
      while (next[byte] != ends[byte]) {
        PairItem item = *next[byte];
        for (std::uint8_t its = byte_of(item); its != byte; its = byte_of(item)) std::swap(item, *next[its]++);
        *next[byte]++ = item;
      }
    }
    for (std::size_t byte = 0; byte < counts.size(); ++byte) {
      if (counts[byte] > 1) push({ends[byte] - counts[byte], ends[byte], range.depth, range.part});
    }
  }

  // Prefixes are equal: parts that end with theirs come first, shorter ones before longer ones.
  void go_deeper(const Range& range) {
    const auto left = [&](const PairItem& item) {
      const std::size_t size = range.part == Part::kKey ? item.key_size : item.value_size();
      return std::min(size - range.depth, kWord + 1);
    };
    PairItem* const longer =
        std::partition(range.begin, range.end, [&](const PairItem& item) { return left(item) <= kWord; });
    const auto shorter = [&](const PairItem& a, const PairItem& b) { return left(a) < left(b); };
    if (!std::is_sorted(range.begin, longer, shorter)) std::sort(range.begin, longer, shorter);
    for (PairItem* begin = range.begin; begin != longer;) {
      PairItem* const end = std::upper_bound(begin, longer, *begin, shorter);
      settle({begin, end, range.depth, range.part});
      begin = end;
    }
    load({longer, range.end, range.depth + kWord, range.part});
  }

  // Parts are equal.
  void settle(const Range& range) {
    if (range.part == Part::kValue) return;
    if (ties_ == Ties::kByValue) return load({range.begin, range.end, 0, Part::kValue});
    std::sort(range.begin, range.end, [](const PairItem& a, const PairItem& b) { return a.sequence < b.sequence; });
  }

  void load(const Range& range) {
    if (range.size() < 2) return;
    for (PairItem* item = range.begin; item != range.end; ++item) {
      const auto bytes = bytes_of(*item, range.part).substr(range.depth);
      item->prefix = key_prefix(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    }
    push(range);
  }

  const Ties ties_;
  std::vector<Range> ranges_;  // apart from one another, so fewer than a 64th of the items
};

}  // namespace

void sort_pairs(std::span<PairItem> items, Ties ties) { PairSort(ties).run(items); }

}  // namespace brume::mapreduce
