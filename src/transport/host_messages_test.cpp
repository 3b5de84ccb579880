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
                             Inputs{run, {}, {}, ""},
                             Inputs{run,
                                    {{0, 3, 200, 200 + 2 * kSealedChunkSize + 16, InputPlace::Kind::kPath, "/mnt/a"},
                                     {3, 1, 0, kSealedChunkSize, InputPlace::Kind::kUrl, "https://h/x?sig=%20"}},
                                    {{2, 1}, {1, 2}},
                                    "-----BEGIN CERTIFICATE-----\n"},
                             InputTrouble{run, "https://h/x: 403"},
                             Prefetch{run, NodeId{3}, 7, Salt{}, {}},
                             Prefetch{run, NodeId{3}, 7, Salt{}, {{0, 5'000}, {~std::uint32_t{0}, kInputSizeLimit}}},
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
           R"({"type":"input-trouble","run":"00","what":"x"})",
           R"({"type":"inputs"})",
           R"({"type":"peers","self":1,"peers":{}})",
           R"({"type":"peers","self":1,"peers":[{"id":1,"host":"a/b","port":1}]})",
           R"({"type":"peers","self":1,"peers":[{"id":1,"host":"a"}]})",
           R"({"type":"peers","self":1,"peers":[1]})",
       }) {
    EXPECT_FALSE(parse_host_message(as_bytes(bad))) << bad;
  }
}

std::string inputs_message(const std::string& place, const std::string& splits = "") {
  return R"({"type":"inputs","run":"abababababababababababababababab","places":[)" + place + R"(],"splits":[)" +
         splits + R"(],"roots":""})";
}

TEST(HostMessages, RefuseInputsWhoseNumbersDoNotFit) {
  const auto parses = [](const std::string& text) { return parse_host_message(as_bytes(text)).has_value(); };
  EXPECT_TRUE(parses(inputs_message("")));
  EXPECT_TRUE(parses(inputs_message(R"({"first":0,"count":1,"offset":200,"size":216,"url":"http://h/"})")));
  EXPECT_TRUE(parses(inputs_message("", R"({"chunks":1,"splits":1099511627776})")));
  for (const char* bad : {
           R"({"first":0,"count":0,"offset":200,"size":216,"url":"http://h/"})",
           R"({"first":0,"count":1,"offset":200,"size":215,"url":"http://h/"})",
           R"({"first":0,"count":1,"offset":200,"size":199,"url":"http://h/"})",
           R"({"first":0,"count":1,"offset":200,"size":65753,"url":"http://h/"})",
           R"({"first":0,"count":2,"offset":200,"size":65752,"url":"http://h/"})",
           R"({"first":0,"count":1099511627777,"offset":200,"size":216,"url":"http://h/"})",
           R"({"first":-1,"count":1,"offset":200,"size":216,"url":"http://h/"})",
           R"({"first":0,"count":1,"offset":200,"size":216,"url":""})",
           R"({"first":0,"count":1,"offset":200,"size":216,"path":"a\u0000b"})",
           R"({"first":0,"count":1,"offset":200,"size":216})",
           R"({"first":0,"count":1,"offset":200,"size":216,"path":"/a","url":"http://h/"})",
           R"({"first":0,"count":1,"offset":200,"size":216,"path":"/a","more":1})",
           "1",
           "[]",
       })
    EXPECT_FALSE(parses(inputs_message(bad))) << bad;
  for (const char* bad : {R"({"chunks":0,"splits":1})", R"({"chunks":1,"splits":0})", R"({"chunks":1})",
                          R"({"chunks":1048576,"splits":1048577})", "7"})
    EXPECT_FALSE(parses(inputs_message("", bad))) << bad;
}

TEST(HostMessages, RefusePrefetchesOfNothingThatIs) {
  const auto parses = [](const std::string& salt, const std::string& streams) {
    const std::string text =
        R"({"type":"prefetch","run":"abababababababababababababababab","holder":1,"split":0,"salt":")" + salt +
        R"(","streams":[)" + streams + "]}";
    return parse_host_message(as_bytes(text)).has_value();
  };
  const std::string salt(64, 'a');
  EXPECT_TRUE(parses(salt, ""));
  EXPECT_TRUE(parses(salt, R"({"partition":4294967295,"size":1})"));
  EXPECT_FALSE(parses(salt.substr(2), ""));
  for (const char* bad : {R"({"partition":4294967296,"size":1})", R"({"partition":0,"size":-1})", R"({"partition":0})",
                          R"({"partition":0,"size":1,"more":1})", R"({"partition":0,"size":72057594037927937})", "7"})
    EXPECT_FALSE(parses(salt, bad)) << bad;
  std::string many = R"({"partition":0,"size":1})";
  for (std::size_t i = 0; i < kPrefetchLimit; ++i) many += R"(,{"partition":0,"size":1})";
  EXPECT_FALSE(parses(salt, many));
}

TEST(HostMessages, InputPlacesSayWhereChunksLie) {
  const InputPlace place{10, 3, 200, 200 + 2 * kSealedChunkSize + 20, InputPlace::Kind::kUrl, "http://h/"};
  EXPECT_EQ(place.offset_of(10), 200u);
  EXPECT_EQ(place.offset_of(12), 200 + 2 * kSealedChunkSize);
  EXPECT_EQ(place.offset_of(13), place.file_size);
}

TEST(HostMessages, TextsAreCutAndMadeReadable) {
  const auto log = parse_host_message(encode_host_message(NodeLog{std::string(10'000, 'x')}));
  ASSERT_TRUE(log);
  EXPECT_EQ(std::get<NodeLog>(*log).text.size(), kHostTextLimit);
  EXPECT_TRUE(parse_host_message(encode_host_message(NodeLog{"\xff\xfe"})));
}

}  // namespace
}  // namespace brume::transport
