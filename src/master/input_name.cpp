#include "master/input_name.h"

#include <nlohmann/json.hpp>

namespace brume::master {

namespace {

constexpr std::string_view kShared = "shared:";
constexpr std::size_t kTextLimit = 8'192;

// Reads one field that may be missing.
Status read(const nlohmann::json& json, const char* name, std::size_t limit, std::string& out, std::size_t& used) {
  const auto found = json.find(name);
  if (found == json.end()) return {};
  ++used;
  if (!found->is_string() || found->get_ref<const std::string&>().size() > limit)
    return malformed(std::string("input access: ") + name + ": no text, or too long");
  out = found->get<std::string>();
  return {};
}

}  // namespace

Result<InputName> InputName::parse(std::string_view word) {
  if (word.empty()) return fail(ErrorCode::kUsage, "input: no name");
  if (word.find('\0') != word.npos) return fail(ErrorCode::kUsage, "input: a name with a NUL");
  if (word.starts_with(kShared)) {
    const std::string path(word.substr(kShared.size()));
    if (!path.starts_with('/') || path.ends_with('/') ||
        std::filesystem::path(path).lexically_normal().string() != path)
      return fail(ErrorCode::kUsage, "input " + std::string(word) +
                                         ": expected shared:/FOLDER/FILE, the absolute path that all hosts have it at");
    return InputName{Kind::kShared, path};
  }
  if (word.starts_with("s3://")) {
    BRUME_TRY(remote::parse_s3_object(word));
    return InputName{Kind::kS3, std::string(word)};
  }
  if (word.starts_with("https://") || word.starts_with("http://")) {
    BRUME_TRY(remote::parse_http_url(word));
    return InputName{Kind::kHttp, std::string(word)};
  }
  if (word.find("://") != word.npos)
    return fail(ErrorCode::kUsage,
                "input: is no place that is known; give a file, shared:/PATH, https://HOST/PATH or "
                "s3://BUCKET/KEY");
  return InputName{Kind::kFile, std::string(word)};
}

std::string InputName::shown() const {
  if (kind == Kind::kShared) return std::string(kShared) + text;
  if (kind != Kind::kHttp) return text;
  const auto url = remote::parse_http_url(text);
  return url ? url->shown() : "a URL";
}

nlohmann::json encode_access(const InputAccess& access) {
  return {{"ca", access.ca_pem},
          {"s3_endpoint", access.s3_endpoint},
          {"s3_region", access.s3_region},
          {"s3_style", access.s3_style},
          {"s3_access_key", access.s3.access_key},
          {"s3_secret_key", access.s3.secret_key},
          {"s3_session_token", access.s3.session_token},
          {"s3_expiry_s", access.s3_expiry_s}};
}

Result<InputAccess> parse_access(const nlohmann::json& json) {
  if (!json.is_object()) return malformed("input access: no object");
  InputAccess out;
  std::size_t used = 0;
  BRUME_TRY(read(json, "ca", kInputCaSizeLimit, out.ca_pem, used));
  BRUME_TRY(read(json, "s3_endpoint", kTextLimit, out.s3_endpoint, used));
  BRUME_TRY(read(json, "s3_region", kTextLimit, out.s3_region, used));
  BRUME_TRY(read(json, "s3_style", kTextLimit, out.s3_style, used));
  BRUME_TRY(read(json, "s3_access_key", kTextLimit, out.s3.access_key, used));
  BRUME_TRY(read(json, "s3_secret_key", kTextLimit, out.s3.secret_key, used));
  BRUME_TRY(read(json, "s3_session_token", kTextLimit, out.s3.session_token, used));
  if (const auto expiry = json.find("s3_expiry_s"); expiry != json.end()) {
    ++used;
    const bool number = expiry->is_number_unsigned();
    if (!number || expiry->get<std::uint64_t>() < kS3ExpiryLeast_s ||
        expiry->get<std::uint64_t>() > remote::kExpiryMost_s)
      return fail(ErrorCode::kUsage, "S3 expiry: expected " + std::to_string(kS3ExpiryLeast_s) + " to " +
                                         std::to_string(remote::kExpiryMost_s) + " seconds");
    out.s3_expiry_s = expiry->get<std::uint32_t>();
  }
  if (used != json.size()) return malformed("input access: an unknown field");
  return out;
}

}  // namespace brume::master
