// The command line of `brume collateral fetch`. It is read twice: by `brume`, for its help, its completion and
// its complaints, and by `brume-fetch`, which does the work.
#pragma once

#include <CLI/CLI.hpp>

#include "base/result.h"
#include "collateral/collect.h"
#include "collateral/curl_client.h"

namespace brume::cli {

struct FetchVerb {
  std::vector<std::string> evidence;
  std::vector<std::string> fmspcs;
  std::vector<std::string> tees;
  std::string ca = "both";
  std::string pcs_url = collateral::kIntelPcs;
  std::string root_crl_url;
  std::string update = "standard";
  std::optional<std::uint32_t> evaluation_number;
  std::string api_key_file;
  std::string product;
  bool vlek = false;
  std::string chip_id;
  std::string tcb;
  std::string kds_url = collateral::kAmdKds;
  std::string cache;
  bool no_cache = false;
  std::uint32_t max_age_hours = 24;
  std::uint32_t stale_hours = 7 * 24;
  std::uint32_t attempt_count = 5;
  std::uint32_t interval_ms = 1'000;
  std::uint32_t timeout_s = 60;
  std::string tls_ca;
  bool insecure_http = false;
  std::string out;
  bool force = false;
  bool json = false;
};

// Adds the options to `verb`; `options` outlives it.
void add_fetch_options(CLI::App& verb, FetchVerb& options);

// Errors: kUsage, with the option's name.
Result<collateral::Plan> fetch_plan(const FetchVerb& options);
Result<collateral::Servers> fetch_servers(const FetchVerb& options);
collateral::FetchOptions fetch_manners(const FetchVerb& options);
collateral::CurlOptions fetch_client(const FetchVerb& options);
// Where answers are kept: what was named, else $XDG_CACHE_HOME/brume/collateral or ~/.cache/...; "" nowhere.
std::string fetch_cache(const FetchVerb& options);

}  // namespace brume::cli
