#include "master/control.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

namespace brume::master {
namespace {

using nlohmann::json;

class Control : public ::testing::Test {
 protected:
  Control() {
    std::string name = (std::filesystem::temp_directory_path() / "brume-control-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~Control() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

// What is replaced would be looked for, or written to, elsewhere.
TEST_F(Control, SendsNoRequestThatJsonCannotCarry) {
  int count = 0;
  const auto server = ControlServer::start(folder_ / "socket", [&](const json& request, ControlPeer&) -> Result<json> {
    ++count;
    return json{{"echo", request.value("text", "")}};
  });
  ASSERT_TRUE(server) << server.error().what;
  const auto refused = control_call(folder_ / "socket", {{"text", "caf\xE9"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUsage);
  EXPECT_NE(refused.error().what.find("not UTF-8"), std::string::npos);
  EXPECT_EQ(count, 0);
  const auto taken = control_call(folder_ / "socket", {{"text", "caf\xC3\xA9"}});
  ASSERT_TRUE(taken) << taken.error().what;
  EXPECT_EQ(taken->value("echo", ""), "caf\xC3\xA9");
}

TEST_F(Control, AnswersForPeopleEvenWhereAFileHasANameOfOtherBytes) {
  const auto server = ControlServer::start(folder_ / "socket", [&](const json&, ControlPeer&) -> Result<json> {
    return fail(ErrorCode::kIo, "caf\xE9: no such file");
  });
  ASSERT_TRUE(server) << server.error().what;
  const auto answer = control_call(folder_ / "socket", {{"text", ""}});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().what, "caf\xEF\xBF\xBD: no such file");
}

}  // namespace
}  // namespace brume::master
