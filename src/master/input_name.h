// Where an owner keeps a run's input, in the owner's words, and how it is asked for.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "remote/s3.h"

namespace brume::master {

struct InputName {
  enum class Kind {
    kFile,    // at the owner's; the master serves it
    kShared,  // in a folder that owner and hosts have at the same path: shared:/mnt/data/text.age
    kHttp,    // https://host/path/text.age
    kS3,      // s3://bucket/key.age
  };
  Kind kind = Kind::kFile;
  std::string text;  // of kFile and kShared the path, of the others the whole word

  // Errors: kUsage, for what looks like a place but is none.
  static Result<InputName> parse(std::string_view word);
  bool remote() const { return kind != Kind::kFile; }
  // For people and receipts: without a URL's query, which may be a key to the place.
  std::string shown() const;
};

inline constexpr std::uint32_t kS3ExpiryDefault_s = 3'600;
inline constexpr std::uint32_t kS3ExpiryLeast_s = 10;
inline constexpr std::size_t kInputCaSizeLimit = 96u << 10;  // PEM; it goes to every host

// How remote places are asked. Holds the owner's credentials: from the tool to the master, and no further.
struct InputAccess {
  std::string ca_pem;  // who may vouch for https servers, here and at the hosts; empty: the system's list, here
  std::string s3_endpoint;
  std::string s3_region;
  std::string s3_style;
  remote::S3Credentials s3;
  std::uint32_t s3_expiry_s = kS3ExpiryDefault_s;  // of the URLs that hosts get
};

// As it travels over the master's socket. Refuses unknown fields and values over their limits.
nlohmann::json encode_access(const InputAccess& access);
Result<InputAccess> parse_access(const nlohmann::json& json);

}  // namespace brume::master
