#include "remote/url.h"

#include <gtest/gtest.h>

namespace brume::remote {
namespace {

TEST(HttpUrl, ReadsItsParts) {
  const HttpUrl plain = parse_http_url("https://storage.example/a/b.age").value();
  EXPECT_EQ(plain, (HttpUrl{true, "storage.example", 443, "/a/b.age"}));
  EXPECT_EQ(plain.text(), "https://storage.example/a/b.age");
  const HttpUrl port = parse_http_url("http://10.0.0.1:8080/x?token=%20y").value();
  EXPECT_EQ(port, (HttpUrl{false, "10.0.0.1", 8080, "/x?token=%20y"}));
  EXPECT_EQ(port.authority(), "10.0.0.1:8080");
  EXPECT_EQ(parse_http_url("http://[::1]:90/").value().text(), "http://[::1]:90/");
  EXPECT_EQ(parse_http_url("http://[::1]/x").value().host, "::1");
  EXPECT_EQ(parse_http_url("https://a.example").value().target, "/");
  EXPECT_EQ(parse_http_url("https://a.example?q").value().target, "/?q");
  EXPECT_EQ(parse_http_url("https://a.example:443/x").value().text(), "https://a.example/x");
}

TEST(HttpUrl, ShowsNoQuery) {
  EXPECT_EQ(parse_http_url("https://a.example/x?X-Amz-Signature=12").value().shown(), "https://a.example/x");
}

TEST(HttpUrl, RefusesWhatIsNone) {
  for (const char* bad : {"",
                          "a",
                          "ftp://a.example/",
                          "https:/a.example",
                          "https://",
                          "https:///x",
                          "https://user@a.example/",
                          "https://user:secret@a.example/x",
                          "https://a.example/x#part",
                          "https://a.example/a b",
                          "https://a.example/\n",
                          "https://a.example/%4",
                          "https://a.example/%zz",
                          "https://a.example:0/",
                          "https://a.example:70000/",
                          "https://a.example:x/",
                          "https://a b/",
                          "https://::1/",
                          "https://a.example/\xc3\xa4",
                          "https://a.example/\"",
                          "HTTPS://a.example/",
                          "https://a.example\\@b.example/"})
    EXPECT_FALSE(parse_http_url(bad)) << bad;
  EXPECT_FALSE(parse_http_url("https://a.example/" + std::string(kUrlSizeLimit, 'x')));
}

TEST(PercentEncoding, KeepsUnreservedCharactersOnly) {
  EXPECT_EQ(percent_encoded("aZ9-._~/ +\xff", false), "aZ9-._~%2F%20%2B%FF");
  EXPECT_EQ(percent_encoded("a/b", true), "a/b");
}

}  // namespace
}  // namespace brume::remote
