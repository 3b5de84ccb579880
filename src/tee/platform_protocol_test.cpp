#include "tee/platform_protocol.h"

#include <gtest/gtest.h>

namespace brume::tee {
namespace {

std::vector<Request> every_request() {
  ProcessNodeRequest node;
  node.label = "worker-1";
  node.rootfs = "/var/lib/image";
  node.arguments = {"/brume-node", "--name", "w1"};
  node.environment = {"A=b"};
  node.binds = {{"/scratch/1", "/var/lib/brume", true}};
  node.cgroups = {"/sys/fs/cgroup/memory/brume"};
  return {{1, TargetInfoRequest{}},
          {2, LaunchRequest{LaunchMode::kSgxSim, true}},
          {3, QuoteRequest{}},
          {4, PrepareRequest{"w1"}},
          {5, RegisterRequest{"w1", 77}},
          {6, SpawnRequest{node}},
          {7, ListRequest{}},
          {8, StopRequest{"w1"}},
          {9, ShutdownRequest{}}};
}

std::vector<Answer> every_answer() {
  ContainerInfo info;
  info.label = "w1";
  info.pid = 12;
  info.alive = true;
  return {{1, Refused{ErrorCode::kLimit, "too many"}},
          {2, Done{}},
          {3, TargetInfoAnswer{}},
          {4, LaunchAnswer{3, {}, {}, {}}},
          {5, QuoteAnswer{Bytes(100, 7)}},
          {6, PrepareAnswer{"/run/brume/w1"}},
          {7, RegisterAnswer{true}},
          {8, SpawnAnswer{12}},
          {9, ListAnswer{{info, info}}}};
}

template <typename Message, typename Parse, typename Encode>
void round_trip(const std::vector<Message>& messages, Parse parse, Encode encode) {
  for (const Message& message : messages) {
    const Bytes bytes = encode(message);
    const auto parsed = parse(bytes);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().what;
    EXPECT_EQ(parsed->id, message.id);
    EXPECT_EQ(parsed->body.index(), message.body.index());
    EXPECT_EQ(encode(*parsed), bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(parse(ByteView(bytes).first(size)).has_value()) << message.body.index() << " " << size;
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_FALSE(parse(longer).has_value()) << message.body.index();
  }
}

TEST(PlatformProtocol, RequestsRoundTripAndRefuseEveryOtherSize) {
  round_trip(every_request(), parse_request, encode_request);
}

TEST(PlatformProtocol, AnswersRoundTripAndRefuseEveryOtherSize) {
  round_trip(every_answer(), parse_answer, encode_answer);
}

TEST(PlatformProtocol, RefusesUnknownVersionsTypesAndFlags) {
  const Bytes good = encode_request({2, LaunchRequest{}});
  const auto changed = [&](std::size_t at, std::uint8_t value) {
    Bytes bytes = good;
    bytes[at] = value;
    return parse_request(bytes).has_value();
  };
  EXPECT_TRUE(parse_request(good).has_value());
  EXPECT_FALSE(changed(0, 2));
  EXPECT_FALSE(changed(1, 0));
  EXPECT_FALSE(changed(1, 10));
  EXPECT_FALSE(changed(1, 0x82));
  EXPECT_FALSE(changed(2, 1));
  EXPECT_FALSE(changed(8, 2));
  EXPECT_FALSE(changed(9, 2));
}

TEST(PlatformProtocol, LabelsCannotLeaveTheirDirectory) {
  for (const std::string_view good : {"a", "brume-w1", "A.b_c-9"}) EXPECT_TRUE(is_label(good)) << good;
  for (const std::string_view bad : {"", ".", "..", ".hidden", "a/b", "a b", "\n"}) EXPECT_FALSE(is_label(bad)) << bad;
  EXPECT_FALSE(is_label(std::string(kLabelSizeLimit + 1, 'a')));
  EXPECT_FALSE(parse_request(encode_request({1, StopRequest{"../x"}})).has_value());
}

TEST(PlatformProtocol, RefusesTextsThatWouldEndEarlyAsCStrings) {
  ProcessNodeRequest node;
  node.label = "w1";
  node.arguments = {std::string("/brume-node\0--evil", 18)};
  EXPECT_FALSE(parse_request(encode_request({1, SpawnRequest{node}})).has_value());
}

TEST(PlatformProtocol, RefusesPidsThatNameNoOneProcess) {
  EXPECT_FALSE(parse_request(encode_request({1, RegisterRequest{"w1", 0}})).has_value());
  EXPECT_FALSE(parse_request(encode_request({1, RegisterRequest{"w1", -1}})).has_value());
}

}  // namespace
}  // namespace brume::tee
