// Loser tree (Knuth, TAOCP vol. 3, 5.4.1): merges many sorted sequences with one comparison a level for each record.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace brume::mapreduce {

// Cursor: head() is the record that it stands at. Before: bool(head a, head b, index a, index b), a strict order in
// which a cursor that is done comes last.
template <typename Cursor, typename Before>
class LoserTree {
 public:
  // The cursors outlive it and stay where they are.
  explicit LoserTree(std::vector<Cursor>& cursors, Before before = {})
      : cursors_(cursors), before_(before), nodes_(std::max<std::size_t>(cursors.size(), 1)) {
    nodes_[0] = cursors.size() > 1 ? play(1) : 0;
  }
  std::size_t winner() const { return nodes_[0]; }

  // The winner's cursor moved on: replays its path.
  void replay() {
    std::size_t winner = nodes_[0];
    for (std::size_t node = (winner + cursors_.size()) / 2; node > 0; node /= 2) {
      if (comes_before(nodes_[node], winner)) std::swap(nodes_[node], winner);
    }
    nodes_[0] = winner;
  }

 private:
  bool comes_before(std::size_t a, std::size_t b) { return before_(cursors_[a].head(), cursors_[b].head(), a, b); }
  std::size_t play(std::size_t node) {
    if (node >= cursors_.size()) return node - cursors_.size();
    const std::size_t left = play(2 * node);
    const std::size_t right = play(2 * node + 1);
    const bool left_wins = comes_before(left, right);
    nodes_[node] = left_wins ? right : left;
    return left_wins ? left : right;
  }

  std::vector<Cursor>& cursors_;
  Before before_;
  std::vector<std::size_t> nodes_;  // [0] is the winner, [i] the loser of match i
};

}  // namespace brume::mapreduce
