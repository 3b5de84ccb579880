#include "transport/wire.h"

#include <gtest/gtest.h>

namespace brume::transport {
namespace {

abi::StreamName sample_name() {
  abi::StreamName name;
  name.run.bytes.fill(7);
  name.stage = abi::Stage::kStitch;
  name.split = 3;
  name.partition = 9;
  name.salt.bytes.fill(8);
  return name;
}

using Frames = std::vector<std::pair<Channel, Bytes>>;

Status feed_all(ControlFrameParser& parser, ByteView bytes, Frames& frames) {
  return parser.feed(bytes,
                     [&](Channel channel, ByteView payload) { frames.emplace_back(channel, to_bytes(payload)); });
}

Bytes control_frame(Channel channel, ByteView payload) {
  Bytes out = to_bytes(encode_control_header(channel, payload.size()));
  append(out, payload);
  return out;
}

TEST(Preface, RoundTripsAndRefusesOthers) {
  EXPECT_EQ(parse_preface(encode_preface(ConnectionKind::kFetch)), ConnectionKind::kFetch);
  EXPECT_EQ(parse_preface(encode_preface(ConnectionKind::kControl)), ConnectionKind::kControl);
  EXPECT_FALSE(parse_preface(as_bytes("BRM1\x03")));
  EXPECT_FALSE(parse_preface(as_bytes("BRM2\x01")));
  EXPECT_FALSE(parse_preface(as_bytes("BRM1")));
  EXPECT_FALSE(parse_preface(as_bytes("GET /")));
}

TEST(ControlFrames, ComeOutWholeHoweverTheyAreCut) {
  Bytes stream = control_frame(Channel::kEnclave, as_bytes("tls"));
  append(stream, control_frame(Channel::kHeartbeat, {}));
  append(stream, control_frame(Channel::kHost, as_bytes("{}")));
  append(stream, control_frame(Channel::kEnclave, {}));
  const Frames expected = {{Channel::kEnclave, to_bytes(as_bytes("tls"))},
                           {Channel::kHeartbeat, {}},
                           {Channel::kHost, to_bytes(as_bytes("{}"))},
                           {Channel::kEnclave, {}}};
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    ControlFrameParser parser;
    Frames frames;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      ASSERT_TRUE(feed_all(parser, ByteView(stream).subspan(at, std::min(step, stream.size() - at)), frames));
    }
    EXPECT_EQ(frames, expected) << "step " << step;
  }
}

TEST(ControlFrames, RefusesUnknownChannelsAndSizesOverTheLimit) {
  Frames frames;
  ControlFrameParser unknown;
  EXPECT_FALSE(feed_all(unknown, Bytes{0, 0, 0, 0, 3}, frames));
  EXPECT_FALSE(feed_all(unknown, control_frame(Channel::kHost, as_bytes("x")), frames)) << "a fault stays";
  ControlFrameParser large;
  const auto over = large.feed(Bytes{1, 0, 0x10, 0, 0}, [](Channel, ByteView) {});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, ErrorCode::kLimit);
  ControlFrameParser beat;
  EXPECT_FALSE(feed_all(beat, Bytes{1, 0, 0, 0, 2, 0}, frames));
  EXPECT_TRUE(frames.empty());
}

TEST(FetchRequests, RoundTripAndRefuseEveryTruncationAndTrail) {
  abi::InputRange range;
  range.run.bytes.fill(1);
  range.first_chunk = 5;
  range.chunk_count = 1ull << 40;
  for (const FetchRequest& request : {FetchRequest(range), FetchRequest(abi::StreamPart{sample_name(), 5, 6})}) {
    const Bytes encoded = encode_fetch_request(request);
    ByteView body = ByteView(encoded).subspan(4);
    const auto parsed = parse_fetch_request(body);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, request);
    for (std::size_t size = 0; size < body.size(); ++size) EXPECT_FALSE(parse_fetch_request(body.first(size)));
    Bytes longer = to_bytes(body);
    longer.push_back(0);
    EXPECT_FALSE(parse_fetch_request(longer));
    longer = to_bytes(body);
    longer[0] = 3;
    EXPECT_FALSE(parse_fetch_request(longer));
  }
}

TEST(FetchFailures, OnlyKnownCodes) {
  EXPECT_FALSE(parse_fetch_failure(0));
  EXPECT_TRUE(parse_fetch_failure(1));
  EXPECT_TRUE(parse_fetch_failure(4));
  EXPECT_FALSE(parse_fetch_failure(5));
}

}  // namespace
}  // namespace brume::transport
