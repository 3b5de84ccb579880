#include "cli/fetch_options.h"

#include <cstdlib>

#include "base/hex.h"
#include "cli/fetch_for.h"
#include "files/input_file.h"

namespace brume::cli {

namespace {

constexpr UnixMs kHourMs = 3'600'000;
constexpr std::size_t kApiKeySizeLimit = 4096;

template <std::size_t N>
Result<ByteArray<N>> hex_option(const std::string& name, const std::string& text) {
  auto bytes = from_hex(text);
  if (!bytes || bytes->size() != N) {
    return fail(ErrorCode::kUsage, name + ": give " + std::to_string(2 * N) + " hex digits");
  }
  ByteArray<N> out;
  std::ranges::copy(*bytes, out.begin());
  return out;
}

void add_what(CLI::App& verb, FetchVerb& options) {
  verb.add_option("--for", options.evidence,
                  "An SGX or TDX quote or SEV-SNP report: what vouches for it; may be given again")
      ->allow_extra_args(false)
      ->group("What");
  verb.add_option("--fmspc", options.fmspcs, "Platform family of SGX or TDX, 12 hex digits; may be given again")
      ->allow_extra_args(false)
      ->group("What");
  verb.add_option("--tee", options.tees,
                  "For each family: its sgx or tdx collateral; may be given again (default: sgx)")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"sgx", "tdx"}))
      ->group("What");
  verb.add_option("--ca", options.ca, "Revocation list of which PCK CA")
      ->check(CLI::IsMember({"processor", "platform", "both"}))
      ->capture_default_str()
      ->group("What");
  verb.add_option("--update", options.update, "Which TCB evaluation: early ones come before platforms must have them")
      ->check(CLI::IsMember({"standard", "early"}))
      ->capture_default_str()
      ->group("What");
  verb.add_option("--tcb-evaluation", options.evaluation_number, "This TCB evaluation data number")->group("What");
  verb.add_option("--product", options.product, "SEV-SNP processors: Milan, Genoa, Bergamo, Siena or Turin")
      ->group("What");
  verb.add_option("--chip-id", options.chip_id, "Of one processor, for its VCEK: 128 hex digits, as in its reports")
      ->needs("--product")
      ->group("What");
  verb.add_option("--tcb", options.tcb, "Reported TCB of that processor: 16 hex digits, as in its reports")
      ->needs("--chip-id")
      ->group("What");
  verb.add_flag("--vlek", options.vlek, "The chain and list of VLEKs instead")->needs("--product")->group("What");
}

void add_where(CLI::App& verb, FetchVerb& options) {
  verb.add_option("--pcs", options.pcs_url, "Intel's PCS, or a PCCS (https://localhost:8081)")
      ->capture_default_str()
      ->group("Where");
  verb.add_option("--root-crl-url", options.root_crl_url, "Where the SGX root's revocation list is, if not there")
      ->group("Where");
  verb.add_option("--api-key-file", options.api_key_file, "File with a subscription key of the PCS")->group("Where");
  verb.add_option("--kds", options.kds_url, "AMD's KDS, or a mirror")->capture_default_str()->group("Where");
  verb.add_option("--tls-ca", options.tls_ca, "PEM file: who may sign the servers' certificates")->group("Where");
  verb.add_flag("--insecure-http", options.insecure_http, "Allow http to other machines than this")->group("Where");
}

void add_how(CLI::App& verb, FetchVerb& options) {
  verb.add_option("--cache", options.cache, "Folder of kept answers (default: below $XDG_CACHE_HOME)")->group("How");
  verb.add_flag("--no-cache", options.no_cache, "Keep nothing, use nothing kept")->group("How");
  verb.add_option("--max-age-hours", options.max_age_hours, "Take what was fetched so recently without asking")
      ->capture_default_str()
      ->check(CLI::Range(0, 24 * 365))
      ->group("How");
  verb.add_option("--stale-hours", options.stale_hours,
                  "Where a server fails: take what was fetched so recently, and say so; 0: never")
      ->capture_default_str()
      ->check(CLI::Range(0, 24 * 365))
      ->group("How");
  verb.add_option("--attempts", options.attempt_count, "How often a server that fails is asked")
      ->capture_default_str()
      ->check(CLI::Range(1, 20))
      ->group("How");
  verb.add_option("--interval-ms", options.interval_ms, "Least time between two questions to one server")
      ->capture_default_str()
      ->check(CLI::Range(0, 60'000))
      ->group("How");
  verb.add_option("--timeout-s", options.timeout_s, "For one answer")
      ->capture_default_str()
      ->check(CLI::Range(1, 600))
      ->group("How");
}

Result<std::vector<collateral::SgxFamily>> families(const FetchVerb& options) {
  std::vector<collateral::SgxFamily> out;
  const bool tdx = std::ranges::count(options.tees, "tdx") > 0;
  const bool sgx = options.tees.empty() || std::ranges::count(options.tees, "sgx") > 0;
  for (const std::string& text : options.fmspcs) {
    BRUME_ASSIGN(const evidence::Fmspc fmspc, hex_option<6>("--fmspc", text));
    out.push_back({fmspc, sgx, tdx});
  }
  return out;
}

Result<std::vector<collateral::SnpChip>> chips(const FetchVerb& options) {
  std::vector<collateral::SnpChip> out;
  if (options.product.empty()) return out;
  collateral::SnpChip chip;
  auto product = collateral::parse_snp_product(options.product);
  if (!product) return within("--product", product.error());
  chip.product = *product;
  chip.key = options.vlek ? collateral::EndorsementKey::kVlek : collateral::EndorsementKey::kVcek;
  if (!options.chip_id.empty()) {
    if (options.vlek) return fail(ErrorCode::kUsage, "--vlek: KDS gives no VLEK for a chip; the cloud does");
    if (options.tcb.empty()) return fail(ErrorCode::kUsage, "--chip-id: needs --tcb, the reported TCB");
    BRUME_ASSIGN(const auto chip_id, hex_option<64>("--chip-id", options.chip_id));
    BRUME_ASSIGN(const auto tcb, hex_option<8>("--tcb", options.tcb));
    chip.chip = {evidence::SnpChipId{chip_id}, evidence::snp_tcb(tcb, chip.product)};
  }
  out.push_back(chip);
  return out;
}

}  // namespace

void add_fetch_options(CLI::App& verb, FetchVerb& options) {
  add_what(verb, options);
  add_where(verb, options);
  add_how(verb, options);
  verb.add_option("-o,--output", options.out, "Bundle to write, or - for standard output")->required();
  verb.add_flag("--force", options.force, "Replace an output that is there");
  verb.add_flag("--json", options.json, "Print the report as JSON");
  verb.footer(
      "Every part is asked for, or nothing is written. What was fetched is checked when it is used, not trusted\n"
      "because of where it came from; 'brume collateral check' says what is stale or missing.");
}

Result<collateral::Plan> fetch_plan(const FetchVerb& options) {
  collateral::Plan out;
  BRUME_ASSIGN(out.families, families(options));
  BRUME_ASSIGN(out.chips, chips(options));
  if (!out.families.empty() && options.ca != "platform") out.cas.push_back(collateral::PckCa::kProcessor);
  if (!out.families.empty() && options.ca != "processor") out.cas.push_back(collateral::PckCa::kPlatform);
  for (const std::string& path : options.evidence) BRUME_TRY(plan_for_evidence(path, out));
  if (out.families.empty() && out.chips.empty()) {
    return fail(ErrorCode::kUsage, "nothing to fetch: name --for, --fmspc or --product");
  }
  return out;
}

Result<collateral::Servers> fetch_servers(const FetchVerb& options) {
  collateral::Servers out;
  out.pcs.base_url = options.pcs_url;
  out.pcs.root_crl_url = options.root_crl_url;
  out.pcs.update = {options.update == "early", options.evaluation_number};
  out.kds_url = options.kds_url;
  if (options.api_key_file.empty()) return out;
  BRUME_ASSIGN(out.pcs.api_key, files::read_small_file(options.api_key_file, kApiKeySizeLimit));
  while (!out.pcs.api_key.empty() && static_cast<unsigned char>(out.pcs.api_key.back()) <= ' ') {
    out.pcs.api_key.pop_back();
  }
  for (char c : out.pcs.api_key) {
    if (c <= ' ' || c > '~') return fail(ErrorCode::kUsage, "--api-key-file: a key is one word of ASCII");
  }
  return out;
}

collateral::FetchOptions fetch_manners(const FetchVerb& options) {
  collateral::FetchOptions out;
  out.retry.attempts_limit = static_cast<int>(options.attempt_count);
  out.interval_ms = options.interval_ms;
  out.max_age_ms = options.max_age_hours * kHourMs;
  out.stale_limit_ms = options.stale_hours * kHourMs;
  return out;
}

collateral::CurlOptions fetch_client(const FetchVerb& options) {
  collateral::CurlOptions out;
  out.total_timeout_ms = options.timeout_s * UnixMs{1000};
  out.connect_timeout_ms = std::min(out.connect_timeout_ms, out.total_timeout_ms);
  out.ca_file = options.tls_ca;
  out.urls.insecure_http = options.insecure_http;
  return out;
}

std::string fetch_cache(const FetchVerb& options) {
  if (options.no_cache) return {};
  if (!options.cache.empty()) return options.cache;
  const char* caches = std::getenv("XDG_CACHE_HOME");
  if (caches != nullptr && caches[0] == '/') return std::string(caches) + "/brume/collateral";
  const char* home = std::getenv("HOME");
  return home != nullptr && home[0] == '/' ? std::string(home) + "/.cache/brume/collateral" : std::string();
}

}  // namespace brume::cli
