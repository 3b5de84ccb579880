#include "remote/s3.h"

#include <gtest/gtest.h>

namespace brume::remote {
namespace {

constexpr UnixMs kVectorTime = 1369353600000;  // 2013-05-24T00:00:00Z

S3Credentials example_credentials() {
  S3Credentials out;
  out.access_key = "AKIAIOSFODNN7EXAMPLE";
  out.secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
  return out;
}

std::string signature_of(const HttpUrl& url) { return url.target.substr(url.target.rfind('=') + 1); }

// Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters", the example.
TEST(PresignGet, GivesThePublishedSignature) {
  S3Service service = s3_service("https://s3.amazonaws.com", "us-east-1", "host", "examplebucket").value();
  const HttpUrl url = presign_get(service, example_credentials(), {"examplebucket", "test.txt"}, kVectorTime, 86'400);
  EXPECT_EQ(url.text(),
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

// By botocore 1.x (S3SigV4QueryAuth) at the same moment: a key with characters of every kind, a port, another region.
TEST(PresignGet, AgreesWithAmazonsOwnClientOnHardKeys) {
  const S3Service service = s3_service("http://127.0.0.1:9000", "eu-central-1", "", "my-bucket").value();
  const S3Object object = parse_s3_object("s3://my-bucket/dir/a b+c&d=\xc3\xa9/%41 (x)~'!*.age").value();
  const HttpUrl url = presign_get(service, example_credentials(), object, kVectorTime, 60);
  EXPECT_TRUE(url.text().starts_with(
      "http://127.0.0.1:9000/my-bucket/dir/a%20b%2Bc%26d%3D%C3%A9/%2541%20%28x%29~%27%21%2A.age?"))
      << url.text();
  EXPECT_EQ(signature_of(url), "659297b9fc5d34386b3ec919894b40136235329bd170d333dfdd87235c13df7c");
  EXPECT_TRUE(parse_http_url(url.text()));
}

TEST(PresignGet, AgreesWithAmazonsOwnClientOnSessionTokens) {
  const S3Service service = s3_service("", "eu-west-3", "", "my.bucket").value();
  S3Credentials credentials = example_credentials();
  credentials.session_token = "FwoGZXIvYXdzE//+token==";
  const HttpUrl url = presign_get(service, credentials, {"my.bucket", "k"}, kVectorTime, 3'600);
  EXPECT_EQ(url.host, "s3.eu-west-3.amazonaws.com");
  EXPECT_NE(url.target.find("X-Amz-Security-Token=FwoGZXIvYXdzE%2F%2F%2Btoken%3D%3D&"), std::string::npos);
  EXPECT_EQ(signature_of(url), "033c881d7ecf752dba349ba64a74534ac25db9110cb91a2a4de667f4c12a06d8");
}

TEST(PresignGet, HoldsNoSecret) {
  const S3Service service = s3_service("", "", "", "bucket").value();
  const HttpUrl url = presign_get(service, example_credentials(), {"bucket", "k"}, kVectorTime, 60);
  EXPECT_EQ(url.text().find("wJalrXUtnFEMI"), std::string::npos);
  EXPECT_EQ(url.host, "bucket.s3.us-east-1.amazonaws.com");
  EXPECT_EQ(url.shown(), "https://bucket.s3.us-east-1.amazonaws.com/k");
}

TEST(S3Object, ReadsBucketAndKeyAsTheyStand) {
  EXPECT_EQ(parse_s3_object("s3://bucket/a//b%20c?d").value(), (S3Object{"bucket", "a//b%20c?d"}));
  EXPECT_EQ(parse_s3_object("s3://bucket/k").value().text(), "s3://bucket/k");
  for (const char* bad : {"", "s3:/bucket/k", "s3://", "s3://bucket", "s3://bucket/", "s3://bu/k", "s3://b_/",
                          "s3://buc ket/k", "s3://bucket@host/k", "s3://.bucket/k", "s3://buc..ket/k",
                          "s3://bucket/a\n", "s3://bucket/../k", "s3://bucket/a/./b", "s3://bucket/.."})
    EXPECT_FALSE(parse_s3_object(bad)) << bad;
  EXPECT_FALSE(parse_s3_object("s3://bucket/" + std::string(1'025, 'k')));
}

TEST(S3Service, RefusesWhatIsNone) {
  EXPECT_FALSE(s3_service("storage.example", "", "", "bucket"));
  EXPECT_FALSE(s3_service("https://storage.example/path", "", "", "bucket"));
  EXPECT_FALSE(s3_service("", "eu central", "", "bucket"));
  EXPECT_FALSE(s3_service("", "eu/../x", "", "bucket"));
  EXPECT_FALSE(s3_service("", "", "other", "bucket"));
  EXPECT_EQ(s3_service("https://storage.example:9000", "", "host", "b.c").value().style, S3Style::kVirtualHost);
}

}  // namespace
}  // namespace brume::remote
