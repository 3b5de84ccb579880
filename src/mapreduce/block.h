// Owned big memory from the installed BlockSource; null where there was none.
#pragma once

#include <brume/memory.h>

#include <cstdint>
#include <utility>

namespace brume::mapreduce {

class Block {
 public:
  Block() = default;
  explicit Block(std::size_t size)
      : data_(static_cast<std::uint8_t*>(block_source().take(size))), size_(data_ == nullptr ? 0 : size) {}
  Block(Block&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Block& operator=(Block&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Block() {
    if (data_ != nullptr) block_source().give(data_, size_);
  }

  explicit operator bool() const { return data_ != nullptr; }
  std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace brume::mapreduce
