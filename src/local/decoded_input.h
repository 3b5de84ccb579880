// An input as text, whatever it is compressed with: what a job sees, and counts offsets in.
#pragma once

#include <memory>

#include "formats/input_decoder.h"
#include "local/local_run.h"

namespace brume::local {

class DecodedInput final : public Input {
 public:
  // Recognises the compression if it is not given, for which it reads the input's first bytes, and rewinds it where
  // that can be. `input` outlives it, and is read by nobody else.
  static Result<DecodedInput> open(Input& input, const formats::CompressionChoice& choice,
                                   const formats::DecoderLimits& limits);

  const std::string& name() const override { return input_.name(); }
  // That of a text that is compressed is known at its end only.
  std::optional<std::uint64_t> size() const override;
  Result<std::size_t> read(MutableByteView out) override;
  Status rewind() override;

 private:
  DecodedInput(Input& input, formats::Compression compression, const formats::DecoderLimits& limits)
      : input_(input), compression_(compression), limits_(limits) {}
  // More compressed bytes where all are used up; false at the input's end.
  Result<bool> refill();
  // Inputs may be thousands: only the one that is read holds memory.
  void release();

  Input& input_;
  formats::Compression compression_;
  formats::DecoderLimits limits_;
  std::unique_ptr<formats::InputDecoder> decoder_;
  Bytes encoded_;         // read, and perhaps not yet used
  std::size_t used_ = 0;  // of encoded_
  bool empty_ = false;    // there was not a byte
  bool input_ended_ = false;
  bool ended_ = false;
};

}  // namespace brume::local
