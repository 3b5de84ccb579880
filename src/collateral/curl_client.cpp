#include "collateral/curl_client.h"

#include <curl/curl.h>

#include <algorithm>

namespace brume::collateral {

struct CurlClient::Handle {
  CURL* easy = nullptr;
  ~Handle() { curl_easy_cleanup(easy); }
};

namespace {

// One answer as it comes in. A callback that takes less than it was given ends the transfer.
struct Incoming {
  HttpReply reply;
  std::size_t body_size_limit = 0;
  std::size_t header_size = 0;
  bool too_long = false;  // its body
  bool headers_too_long = false;
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* context) {
  auto* in = static_cast<Incoming*>(context);
  if (size > in->body_size_limit - in->reply.body.size()) {
    in->too_long = true;
    return 0;
  }
  in->reply.body.append(data, size);
  return size;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* context) {
  auto* in = static_cast<Incoming*>(context);
  in->header_size += size;
  if (in->header_size > kHeaderSizeLimit) {
    in->headers_too_long = true;
    return 0;
  }
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) in->reply.headers.clear();  // a later answer (after 100 Continue)
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return size;
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  in->reply.headers[name] = trimmed(line.substr(colon + 1));
  return size;
}

Status initialise() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) return fail(ErrorCode::kUnavailable, std::string("libcurl: ") + curl_easy_strerror(code));
  return {};
}

struct HeaderList {
  curl_slist* list = nullptr;
  ~HeaderList() { curl_slist_free_all(list); }
};

// "Cert:-----BEGIN CERTIFICATE-----..." among what libcurl tells of each certificate.
std::string chain_of(CURL* easy) {
  curl_certinfo* chain = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr) return {};
  constexpr std::string_view kField = "Cert:";
  std::string out;
  for (int i = 0; i < chain->num_of_certs; ++i) {
    for (const curl_slist* at = chain->certinfo[i]; at != nullptr; at = at->next) {
      const std::string_view line(at->data);
      if (line.starts_with(kField)) out += std::string(line.substr(kField.size())) + "\n";
    }
  }
  return out;
}

std::unexpected<Error> failed(CURLcode code, const Incoming& in, const std::string& host,
                              const std::string& ca_option) {
  if (in.headers_too_long)
    return malformed(host + ": the answer's headers are longer than " + std::to_string(kHeaderSizeLimit) + " bytes");
  if (in.too_long || code == CURLE_FILESIZE_EXCEEDED)
    return fail(ErrorCode::kLimit,
                host + ": the answer is longer than " + std::to_string(in.body_size_limit) + " bytes");
  // Asking again changes nothing about a certificate, and an answer kept from before is no answer to an impostor.
  const bool stranger =
      code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_CACERT_BADFILE;
  if (stranger) {
    return fail(ErrorCode::kAuthFailed, host + ": " + curl_easy_strerror(code) + " (" + ca_option +
                                            " names who may sign it, where that is not a public CA)");
  }
  return fail(ErrorCode::kUnavailable, host + ": " + curl_easy_strerror(code));
}

}  // namespace

CurlClient::CurlClient(CurlOptions options, std::unique_ptr<Handle> handle)
    : options_(std::move(options)), handle_(std::move(handle)) {}

CurlClient::~CurlClient() = default;

Result<std::unique_ptr<CurlClient>> CurlClient::create(CurlOptions options) {
  BRUME_TRY(initialise());
  auto handle = std::make_unique<Handle>();
  handle->easy = curl_easy_init();
  if (handle->easy == nullptr) return fail(ErrorCode::kUnavailable, "libcurl: no handle");
  return std::unique_ptr<CurlClient>(new CurlClient(std::move(options), std::move(handle)));
}

Result<HttpReply> CurlClient::get(const HttpRequest& request) {
  BRUME_ASSIGN(const std::string host, check_url(request.url, options_.urls));
  CURL* easy = handle_->easy;
  curl_easy_reset(easy);  // options only: the connection stays
  Incoming in;
  in.body_size_limit = request.body_size_limit;
  HeaderList headers;
  for (const std::string& line : request.headers) headers.list = curl_slist_append(headers.list, line.c_str());
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http");  // check_url has said which
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "brume");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.list);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout_ms));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.total_timeout_ms));
  curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request.body_size_limit));
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);  // a signature covers the path as it stands
  curl_easy_setopt(easy, CURLOPT_CERTINFO, options_.keep_chain ? 1L : 0L);
  curl_blob ca{const_cast<char*>(options_.ca_pem.data()), options_.ca_pem.size(), CURL_BLOB_NOCOPY};
  if (!options_.ca_pem.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &ca);
  if (!options_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &in);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &in);
  const CURLcode code = curl_easy_perform(easy);
  if (code != CURLE_OK) return failed(code, in, host, options_.ca_option);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  in.reply.status = static_cast<int>(status);
  if (options_.keep_chain) in.reply.chain_pem = chain_of(easy);
  return std::move(in.reply);
}

std::string CurlClient::system_ca_file() const {
  const char* path = nullptr;
  if (curl_easy_getinfo(handle_->easy, CURLINFO_CAINFO, &path) != CURLE_OK || path == nullptr) return {};
  return path;
}

}  // namespace brume::collateral
