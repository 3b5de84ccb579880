#include "cli/s3_settings.h"

#include <boost/property_tree/ini_parser.hpp>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>

#include "crypto/tls_roots.h"
#include "files/input_file.h"

namespace brume::cli {

namespace {

namespace tree = boost::property_tree;

constexpr std::size_t kFileLimit = 1u << 20;

using Section = std::map<std::string, std::string>;

std::string first_of(std::initializer_list<std::string> values) {
  for (const std::string& value : values)
    if (!value.empty()) return value;
  return {};
}

// One section of an INI file; nothing where file or section are not there.
Result<std::optional<Section>> read_section(const std::string& path, const std::string& name) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  BRUME_ASSIGN(const std::string text, files::read_small_file(path, kFileLimit));
  tree::ptree all;
  try {
    std::istringstream in(text);
    tree::read_ini(in, all);
  } catch (const tree::ini_parser_error& error) {
    return malformed(path + ": line " + std::to_string(error.line()) + ": " + error.message());
  }
  const auto found = all.find(name);
  if (found == all.not_found()) return std::nullopt;
  Section out;
  for (const auto& [key, value] : found->second) out[key] = value.data();
  return out;
}

struct Profile {
  std::string name;
  std::string credentials_path;
  std::string config_path;
  Section credentials;
  Section config;
  bool found = false;
};

Result<Profile> read_profile(const InputOptions& options, const Variables& variables) {
  Profile out;
  out.name = first_of({options.s3_profile, variables("AWS_PROFILE"), variables("AWS_DEFAULT_PROFILE"), "default"});
  const std::string home = variables("HOME");
  out.credentials_path = first_of({options.s3_credentials, variables("AWS_SHARED_CREDENTIALS_FILE"),
                                   home.empty() ? std::string() : home + "/.aws/credentials"});
  out.config_path = first_of({variables("AWS_CONFIG_FILE"), home.empty() ? std::string() : home + "/.aws/config"});
  std::error_code error;
  if (!options.s3_credentials.empty() && !std::filesystem::exists(options.s3_credentials, error))
    return fail(ErrorCode::kNotFound, "--s3-credentials: " + options.s3_credentials + ": there is no such file");
  if (!out.credentials_path.empty()) {
    BRUME_ASSIGN(const auto section, read_section(out.credentials_path, out.name));
    out.found = section.has_value();
    if (section) out.credentials = *section;
  }
  if (!out.config_path.empty()) {
    BRUME_ASSIGN(const auto section,
                 read_section(out.config_path, out.name == "default" ? out.name : "profile " + out.name));
    out.found = out.found || section.has_value();
    if (section) out.config = *section;
  }
  return out;
}

std::string value_of(const Section& section, const char* name) {
  const auto found = section.find(name);
  return found == section.end() ? std::string() : found->second;
}

remote::S3Credentials credentials_in(const Section& section) {
  remote::S3Credentials out;
  out.access_key = value_of(section, "aws_access_key_id");
  out.secret_key = value_of(section, "aws_secret_access_key");
  out.session_token = value_of(section, "aws_session_token");
  return out;
}

bool complete(const remote::S3Credentials& one) { return !one.access_key.empty() && !one.secret_key.empty(); }

// Flags, then variables, then files: the order of Amazon's own tools.
Result<remote::S3Credentials> credentials(const InputOptions& options, const Variables& variables,
                                          const Profile& profile) {
  const bool named = !options.s3_profile.empty() || !options.s3_credentials.empty();
  remote::S3Credentials out;
  out.access_key = variables("AWS_ACCESS_KEY_ID");
  out.secret_key = variables("AWS_SECRET_ACCESS_KEY");
  out.session_token = variables("AWS_SESSION_TOKEN");
  if (!named && complete(out)) return out;
  for (const Section& section : {profile.credentials, profile.config}) {
    out = credentials_in(section);
    if (complete(out)) return out;
  }
  return fail(ErrorCode::kUsage,
              "S3: no credentials. Looked for " +
                  std::string(named ? "" : "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and for ") + "profile '" +
                  profile.name + "' in " + first_of({profile.credentials_path, "no file (HOME is not set)"}) +
                  "; where a helper program or single sign-on gives them, export them first: eval \"$(aws configure "
                  "export-credentials --format env)\"");
}

Status read_s3(master::InputAccess& out, const InputOptions& options, const Variables& variables) {
  BRUME_ASSIGN(const Profile profile, read_profile(options, variables));
  if (!options.s3_profile.empty() && !profile.found)
    return fail(ErrorCode::kUsage, "--s3-profile: '" + options.s3_profile + "' stands neither in " +
                                       profile.credentials_path + " nor in " + profile.config_path);
  BRUME_ASSIGN(out.s3, credentials(options, variables, profile));
  out.s3_endpoint = first_of({options.s3_endpoint, variables("AWS_ENDPOINT_URL_S3"), variables("AWS_ENDPOINT_URL"),
                              value_of(profile.config, "endpoint_url")});
  while (out.s3_endpoint.ends_with('/')) out.s3_endpoint.pop_back();
  out.s3_region = first_of({options.s3_region, variables("AWS_REGION"), variables("AWS_DEFAULT_REGION"),
                            value_of(profile.config, "region")});
  out.s3_style = options.s3_style;
  out.s3_expiry_s = options.s3_expiry_s;
  return {};
}

}  // namespace

void add_input_options(CLI::App& verb, InputOptions& options) {
  verb.add_option("--input-ca", options.ca_file,
                  "PEM file: who vouches for the input's https server, here and at the hosts (default: a public CA)")
      ->group("Input on a server");
  verb.add_option("--s3-endpoint", options.s3_endpoint,
                  "https://HOST[:PORT] of the storage (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else Amazon's)")
      ->group("Input on a server");
  verb.add_option("--s3-region", options.s3_region, "Its region (default: AWS_REGION, ~/.aws/config, else us-east-1)")
      ->group("Input on a server");
  verb.add_option("--s3-style", options.s3_style, "Where buckets stand: in the path, or in the host name")
      ->check(CLI::IsMember({"path", "host"}))
      ->group("Input on a server");
  verb.add_option("--s3-profile", options.s3_profile, "Section of ~/.aws/credentials and ~/.aws/config")
      ->group("Input on a server");
  verb.add_option("--s3-credentials", options.s3_credentials,
                  "File in the format of ~/.aws/credentials (default: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
                  "AWS_SESSION_TOKEN, else ~/.aws/credentials)")
      ->group("Input on a server");
  verb.add_option("--s3-expiry", options.s3_expiry_s,
                  "Seconds for which the URLs work that hosts get; renewed at half of it while the run goes on")
      ->check(CLI::Range(master::kS3ExpiryLeast_s, remote::kExpiryMost_s))
      ->capture_default_str()
      ->group("Input on a server");
}

Result<master::InputAccess> input_access(const InputKinds& kinds, const InputOptions& options,
                                         const Variables& variables) {
  master::InputAccess out;
  const bool s3 = kinds.contains(master::InputName::Kind::kS3);
  const bool server = s3 || kinds.contains(master::InputName::Kind::kHttp);
  if (!options.ca_file.empty()) {
    if (!server) return fail(ErrorCode::kUsage, "--input-ca: the input lies on no server");
    BRUME_ASSIGN(out.ca_pem, files::read_small_file(options.ca_file, master::kInputCaSizeLimit));
    if (auto roots = crypto::TlsRoots::from_pem(out.ca_pem); !roots) return within(options.ca_file, roots.error());
  }
  if (s3) {
    BRUME_TRY(read_s3(out, options, variables));
    return out;
  }
  for (const auto& [flag, value] :
       {std::pair("--s3-endpoint", &options.s3_endpoint), std::pair("--s3-region", &options.s3_region),
        std::pair("--s3-style", &options.s3_style), std::pair("--s3-profile", &options.s3_profile),
        std::pair("--s3-credentials", &options.s3_credentials)})
    if (!value->empty()) return fail(ErrorCode::kUsage, std::string(flag) + ": the input is no s3://BUCKET/KEY");
  return out;
}

Result<master::InputAccess> input_access(const InputKinds& kinds, const InputOptions& options) {
  return input_access(kinds, options, [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr ? value : "");
  });
}

}  // namespace brume::cli
