#include "cli/s3_settings.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace brume::cli {
namespace {

namespace fs = std::filesystem;
using Kind = master::InputName::Kind;

class S3Settings : public ::testing::Test {
 protected:
  S3Settings() {
    std::string name = (fs::temp_directory_path() / "brume-s3-XXXXXX").string();
    home_ = ::mkdtemp(name.data());
    fs::create_directory(home_ / ".aws");
    variables_["HOME"] = home_.string();
  }
  ~S3Settings() override { fs::remove_all(home_); }
  void write(const std::string& name, const std::string& text) { std::ofstream(home_ / name) << text; }
  Result<master::InputAccess> read(Kind kind = Kind::kS3) {
    return input_access({kind}, options_, [this](const char* name) { return variables_[name]; });
  }
  void expect_refused(ErrorCode code, std::string_view reason) {
    const auto got = read();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, code) << got.error().what;
    EXPECT_NE(got.error().what.find(reason), std::string::npos) << got.error().what;
  }

  fs::path home_;
  std::map<std::string, std::string> variables_;
  InputOptions options_;
};

TEST_F(S3Settings, ComeFromVariables) {
  variables_.insert({{"AWS_ACCESS_KEY_ID", "id"},
                     {"AWS_SECRET_ACCESS_KEY", "secret"},
                     {"AWS_SESSION_TOKEN", "token"},
                     {"AWS_DEFAULT_REGION", "region-2"},
                     {"AWS_ENDPOINT_URL", "https://storage.example/"}});
  const auto got = read().value();
  EXPECT_EQ(got.s3.access_key, "id");
  EXPECT_EQ(got.s3.secret_key, "secret");
  EXPECT_EQ(got.s3.session_token, "token");
  EXPECT_EQ(got.s3_region, "region-2");
  EXPECT_EQ(got.s3_endpoint, "https://storage.example");
  variables_["AWS_REGION"] = "region-1";
  variables_["AWS_ENDPOINT_URL_S3"] = "https://s3.example";
  EXPECT_EQ(read()->s3_region, "region-1");
  EXPECT_EQ(read()->s3_endpoint, "https://s3.example");
  options_.s3_region = "region-0";
  options_.s3_endpoint = "http://flag";
  EXPECT_EQ(read()->s3_region, "region-0");
  EXPECT_EQ(read()->s3_endpoint, "http://flag");
}

TEST_F(S3Settings, ComeFromFiles) {
  write(".aws/credentials",
        "# comment\n[default]\naws_access_key_id = id\naws_secret_access_key=se/cr+et=\n\n"
        "[lab.one]\naws_access_key_id=lab\naws_secret_access_key=labsecret\naws_session_token=t\n");
  write(".aws/config",
        "[default]\nregion = r1\ns3 =\n  addressing_style = path\n[profile "
        "lab.one]\nregion=r2\nendpoint_url=http://lab\n");
  EXPECT_EQ(read()->s3.access_key, "id");
  EXPECT_EQ(read()->s3.secret_key, "se/cr+et=");
  EXPECT_EQ(read()->s3_region, "r1");
  variables_["AWS_PROFILE"] = "lab.one";
  EXPECT_EQ(read()->s3.access_key, "lab");
  EXPECT_EQ(read()->s3.session_token, "t");
  EXPECT_EQ(read()->s3_region, "r2");
  EXPECT_EQ(read()->s3_endpoint, "http://lab");
  options_.s3_profile = "default";
  EXPECT_EQ(read()->s3.access_key, "id");
}

TEST_F(S3Settings, VariablesGoBeforeFilesButNotBeforeFlags) {
  write(".aws/credentials", "[default]\naws_access_key_id=file\naws_secret_access_key=x\n");
  variables_["AWS_ACCESS_KEY_ID"] = "variable";
  EXPECT_EQ(read()->s3.access_key, "file");  // half a pair is none
  variables_["AWS_SECRET_ACCESS_KEY"] = "y";
  EXPECT_EQ(read()->s3.access_key, "variable");
  options_.s3_profile = "default";
  EXPECT_EQ(read()->s3.access_key, "file");
  options_.s3_profile.clear();
  write("mine", "[default]\naws_access_key_id=mine\naws_secret_access_key=x\n");
  options_.s3_credentials = (home_ / "mine").string();
  EXPECT_EQ(read()->s3.access_key, "mine");
}

TEST_F(S3Settings, SayWhatIsMissing) {
  expect_refused(ErrorCode::kUsage, "no credentials. Looked for AWS_ACCESS_KEY_ID");
  options_.s3_profile = "other";
  expect_refused(ErrorCode::kUsage, "'other' stands neither");
  options_.s3_profile.clear();
  options_.s3_credentials = (home_ / "none").string();
  expect_refused(ErrorCode::kNotFound, "no such file");
  options_.s3_credentials.clear();
  write(".aws/credentials", "[default]\naws_access_key_id=only\n");
  expect_refused(ErrorCode::kUsage, "no credentials");
  write(".aws/credentials", "no section\n");
  expect_refused(ErrorCode::kMalformed, "line 1");
  write(".aws/credentials", std::string(2u << 20, '#'));
  expect_refused(ErrorCode::kMalformed, "larger");
}

TEST_F(S3Settings, AreForS3Only) {
  options_.s3_region = "r";
  EXPECT_EQ(read(Kind::kHttp).error().code, ErrorCode::kUsage);
  EXPECT_EQ(read(Kind::kFile).error().code, ErrorCode::kUsage);
  options_ = {};
  EXPECT_TRUE(read(Kind::kFile));  // and no file was needed
  options_.ca_file = "x.pem";
  EXPECT_EQ(read(Kind::kFile).error().code, ErrorCode::kUsage);
  write("x.pem", "no certificate");
  options_.ca_file = (home_ / "x.pem").string();
  EXPECT_EQ(read(Kind::kHttp).error().code, ErrorCode::kMalformed);
}

}  // namespace
}  // namespace brume::cli
