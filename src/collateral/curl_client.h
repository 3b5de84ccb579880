// HttpClient by libcurl: no redirects, no cookies, no decompression, deadlines and limits on everything.
#pragma once

#include <memory>

#include "collateral/http.h"

namespace brume::collateral {

struct CurlOptions {
  UnixMs connect_timeout_ms = 10'000;
  UnixMs total_timeout_ms = 60'000;    // of one request
  std::string ca_file{};               // PEM: who may sign servers' certificates; empty: the system's list
  std::string ca_pem{};                // the same as text, in its place
  std::string ca_option = "--tls-ca";  // for error texts: where people name it
  bool keep_chain = false;             // HttpReply::chain_pem
  UrlRule urls{};
};

// For one thread. libcurl is initialised at the first use and never ended.
class CurlClient final : public HttpClient {
 public:
  static Result<std::unique_ptr<CurlClient>> create(CurlOptions options);
  ~CurlClient() override;
  Result<HttpReply> get(const HttpRequest& request) override;
  // The file with the CAs that are asked where no other is named; "" where there is none.
  std::string system_ca_file() const;

 private:
  struct Handle;
  CurlClient(CurlOptions options, std::unique_ptr<Handle> handle);

  CurlOptions options_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace brume::collateral
