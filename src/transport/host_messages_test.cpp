#include "transport/host_messages.h"

#include <gtest/gtest.h>

namespace brume::transport {
namespace {

TEST(HostMessages, RoundTrip) {
  RunId run;
  run.bytes.fill(0xab);
  const HostMessage all[] = {Hello{"mapper-1", "mapper", 7070},
                             Failed{"the enclave ended"},
                             NodeLog{"ready"},
                             Peers{NodeId{2}, {{NodeId{1}, {"10.0.0.1", 7000}}, {NodeId{2}, {"fe80::2", 7001}}}},
                             DropRun{run},
                             Bye{"done"}};
  for (const HostMessage& message : all) {
    const auto parsed = parse_host_message(encode_host_message(message));
    ASSERT_TRUE(parsed) << parsed.error().what;
    EXPECT_EQ(*parsed, message);
  }
}

TEST(HostMessages, RefuseWhatIsNotTheirs) {
  for (const char* bad : {
           "",
           "[]",
           "1",
           "{",
           "{}",
           R"({"type":"other"})",
           R"({"type":7})",
           R"({"type":"hello","name":"a","role":"worker"})",
           R"({"type":"hello","name":"a","role":"worker","fetch_port":70000})",
           R"({"type":"hello","name":"a","role":"worker","fetch_port":-1})",
           R"({"type":"hello","name":"a","role":"worker","fetch_port":1,"more":1})",
           R"({"type":"hello","name":["a"],"role":"worker","fetch_port":1})",
           R"({"type":"drop","run":"00"})",
           R"({"type":"drop"})",
           R"({"type":"peers","self":1,"peers":{}})",
           R"({"type":"peers","self":1,"peers":[{"id":1,"host":"a/b","port":1}]})",
           R"({"type":"peers","self":1,"peers":[{"id":1,"host":"a"}]})",
           R"({"type":"peers","self":1,"peers":[1]})",
       }) {
    EXPECT_FALSE(parse_host_message(as_bytes(bad))) << bad;
  }
}

TEST(HostMessages, TextsAreCutAndMadeReadable) {
  const auto log = parse_host_message(encode_host_message(NodeLog{std::string(10'000, 'x')}));
  ASSERT_TRUE(log);
  EXPECT_EQ(std::get<NodeLog>(*log).text.size(), kHostTextLimit);
  EXPECT_TRUE(parse_host_message(encode_host_message(NodeLog{"\xff\xfe"})));
}

}  // namespace
}  // namespace brume::transport
