// Everything that another host's bytes meet first: preface, control frames, fetch requests, host messages.
#include <cstdlib>

#include "transport/host_messages.h"
#include "transport/wire.h"

using namespace brume;
using namespace brume::transport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (const auto kind = parse_preface(input)) {
    if (!equal(encode_preface(*kind), input)) std::abort();
  }
  if (const auto request = parse_fetch_request(input)) {
    if (!equal(ByteView(encode_fetch_request(*request)).subspan(4), input)) std::abort();
  }
  if (const auto message = parse_host_message(input)) {
    const auto again = parse_host_message(encode_host_message(*message));
    if (!again || *again != *message) std::abort();
  }
  if (const auto endpoint = parse_endpoint(as_chars(input))) {
    if (parse_endpoint(endpoint->text()) != *endpoint) std::abort();
  }
  if (size == 0) return 0;
  // However a stream is cut, the same frames come out, and they encode to what came.
  Bytes whole, cut;
  const auto record = [](Bytes& out) {
    return [&out](Channel channel, ByteView payload) {
      append(out, encode_control_header(channel, payload.size()));
      append(out, payload);
    };
  };
  const ByteView stream = input.subspan(1);
  ControlFrameParser at_once;
  const bool fine = at_once.feed(stream, record(whole)).has_value();
  ControlFrameParser in_pieces;
  const std::size_t step = 1 + data[0] % 16;
  bool fine_in_pieces = true;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    fine_in_pieces = in_pieces.feed(stream.subspan(at, std::min(step, stream.size() - at)), record(cut)).has_value();
  }
  if (fine != fine_in_pieces || whole != cut) std::abort();
  if (whole.size() > stream.size() || !equal(whole, stream.first(whole.size()))) std::abort();
  return 0;
}
