// For tests: inputs and results of a local run that are strings.
#pragma once

#include <cstring>
#include <map>

#include "local/local_run.h"

namespace brume::local {

class TextInput final : public Input {
 public:
  TextInput(std::string name, std::string text, bool tells_size = true)
      : name_(std::move(name)), text_(std::move(text)), tells_size_(tells_size) {}
  const std::string& name() const override { return name_; }
  std::optional<std::uint64_t> size() const override {
    return tells_size_ ? std::optional<std::uint64_t>(text_.size()) : std::nullopt;
  }
  Result<std::size_t> read(MutableByteView out) override {
    const std::size_t size = std::min(out.size(), text_.size() - at_);
    std::memcpy(out.data(), text_.data() + at_, size);
    at_ += size;
    return size;
  }
  Status rewind() override {
    at_ = 0;
    return {};
  }

 private:
  std::string name_;
  std::string text_;
  bool tells_size_;
  std::size_t at_ = 0;
};

class TextSink final : public mapreduce::LineSink {
 public:
  Status write(ByteView bytes) override {
    text += as_chars(bytes);
    return {};
  }
  std::string text;
};

// All outputs as texts, by name.
struct TextOutputs {
  OpenOutputs opener() {
    return [this](const std::vector<std::string>& others) {
      std::vector<mapreduce::LineSink*> out = {&of[""]};
      for (const std::string& name : others) out.push_back(&of[name]);
      return Result<std::vector<mapreduce::LineSink*>>(std::move(out));
    };
  }
  std::map<std::string, TextSink> of;
};

}  // namespace brume::local
