#include "evidence/bundle.h"

#include <algorithm>
#include <array>

#include "crypto/hash.h"
#include "crypto/text.h"
#include "evidence/json_cursor.h"

namespace brume::evidence {
namespace {

constexpr std::array<std::string_view, kPartKindCount> kKindNames = {
    "sgx-root-crl",     "pck-crl", "tcb-info",         "qe-identity", "pck-chain",
    "snp-certificates", "snp-crl", "tpm-certificates", "tpm-crl"};

// A part as its JSON object says it.
struct StatedPart {
  Part part;
  Sha256Digest data_digest;
  Sha256Digest chain_digest;
};

bool has_issuer_chain(PartKind kind) {
  return kind == PartKind::kPckCrl || kind == PartKind::kTcbInfo || kind == PartKind::kQeIdentity;
}

std::string part_bytes(JsonCursor& json) {
  auto bytes = crypto::from_base64(json.string());
  if (!bytes || bytes->empty() || bytes->size() > kCollateralPartSizeLimit) {
    json.fault("a part is not base64 of 1 byte to 1 MiB");
    return {};
  }
  return std::string(as_chars(*bytes));
}

PartKind part_kind(JsonCursor& json) {
  auto found = std::ranges::find(kKindNames, json.string());
  if (found == kKindNames.end()) {
    json.fault("a part of an unknown kind");
    return {};
  }
  return static_cast<PartKind>(found - kKindNames.begin());
}

Part read_part(JsonCursor& json) {
  static constexpr std::string_view kNames[] = {"kind", "sha256", "data", "chain_sha256", "chain"};
  StatedPart out;
  json.object(kNames, 0x7, [&](std::size_t name) {
    if (name == 0) out.part.kind = part_kind(json);
    if (name == 1) out.data_digest.bytes = json.hex<Sha256Digest::kSize>();
    if (name == 2) out.part.data = part_bytes(json);
    if (name == 3) out.chain_digest.bytes = json.hex<Sha256Digest::kSize>();
    if (name == 4) out.part.issuer_chain = part_bytes(json);
  });
  if (!json.ok()) return {};
  if (crypto::sha256(as_bytes(out.part.data)) != out.data_digest) json.fault("a part does not fit its digest");
  if (out.part.issuer_chain.empty()) return out.part;
  if (!has_issuer_chain(out.part.kind)) json.fault("a part of this kind has no issuer chain");
  if (crypto::sha256(as_bytes(out.part.issuer_chain)) != out.chain_digest) {
    json.fault("an issuer chain does not fit its digest");
  }
  return out.part;
}

Result<Bundle> parse_version_2(std::string_view text) {
  static constexpr std::string_view kNames[] = {"version", "parts"};
  Bundle out;
  JsonCursor json(text);
  json.object(kNames, 0x3, [&](std::size_t name) {
    if (name == 0 && json.number(2) != 2) return json.fault("a version that is neither 1 nor 2");
    if (name == 1) json.array(kPartCountLimit, [&](std::size_t) { out.parts.push_back(read_part(json)); });
  });
  BRUME_TRY(json.done("bundle"));
  if (encode_bundle(out) != text) return malformed("bundle: is not in its canonical form; import it anew");
  return out;
}

std::string quoted(std::string_view name, const std::string& value) {
  return "\"" + std::string(name) + "\":\"" + value + "\"";
}

std::string digest_hex(const std::string& data) { return crypto::sha256(as_bytes(data)).hex(); }

void append_part(std::string& out, const Part& part) {
  out += "{" + quoted("kind", std::string(part_kind_name(part.kind))) + "," + quoted("sha256", digest_hex(part.data)) +
         "," + quoted("data", crypto::base64(as_bytes(part.data)));
  if (!part.issuer_chain.empty()) {
    out += "," + quoted("chain_sha256", digest_hex(part.issuer_chain)) + "," +
           quoted("chain", crypto::base64(as_bytes(part.issuer_chain)));
  }
  out += "}";
}

}  // namespace

std::string_view part_kind_name(PartKind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

Result<Bundle> parse_bundle(std::string_view text) {
  if (text.size() > kBundleSizeLimit) return fail(ErrorCode::kLimit, "bundle: longer than 16 MiB");
  if (text.starts_with(kBundleStart)) return parse_version_2(text);
  BRUME_ASSIGN(const Collateral collateral, parse_collateral(text));
  return Bundle{parts_of(collateral)};
}

std::string encode_bundle(Bundle bundle) {
  std::ranges::sort(bundle.parts);
  const auto doubled = std::ranges::unique(bundle.parts);
  bundle.parts.erase(doubled.begin(), doubled.end());
  std::string out = std::string(kBundleStart) + "\"parts\":[";
  for (std::size_t i = 0; i < bundle.parts.size(); ++i) {
    out += i == 0 ? "\n" : ",\n";
    append_part(out, bundle.parts[i]);
  }
  return out + "\n]}";
}

Sha256Digest bundle_digest(const Bundle& bundle) { return crypto::sha256(as_bytes(encode_bundle(bundle))); }

std::vector<Part> parts_of(const Collateral& collateral) {
  std::vector<Part> out;
  auto add = [&](PartKind kind, const std::string& data, const std::string& chain) {
    if (!data.empty()) out.push_back({kind, data, chain});
  };
  add(PartKind::kSgxRootCrl, collateral.root_crl, {});
  add(PartKind::kPckCrl, collateral.pck_crl, collateral.pck_crl_issuer_chain);
  add(PartKind::kTcbInfo, collateral.tcb_info, collateral.tcb_info_issuer_chain);
  add(PartKind::kQeIdentity, collateral.qe_identity, collateral.qe_identity_issuer_chain);
  add(PartKind::kPckChain, collateral.pck_chain, {});
  return out;
}

}  // namespace brume::evidence
