// What to fetch for which platforms, and all of it as one bundle.
#pragma once

#include "collateral/kds.h"
#include "collateral/pcs.h"

namespace brume::collateral {

struct SgxFamily {
  evidence::Fmspc fmspc{};
  bool sgx = true;
  bool tdx = false;
  friend auto operator<=>(const SgxFamily&, const SgxFamily&) = default;
};

// One chip in one state, or, without a chip, the chain and CRL of its product.
struct SnpChip {
  SnpProduct product = SnpProduct::kMilan;
  EndorsementKey key = EndorsementKey::kVcek;
  std::optional<std::pair<evidence::SnpChipId, SnpTcb>> chip{};
};

struct Plan {
  std::vector<SgxFamily> families;
  std::vector<PckCa> cas;  // asked for where there is a family
  std::vector<PckCertificateRequest> pck_certificates;
  std::vector<SnpChip> chips;
};

struct Servers {
  PcsOptions pcs;
  std::string kds_url = kAmdKds;
};

struct Report {
  std::string what;  // "TCB info, TDX, FMSPC 00606A000000"
  std::string url;
  Origin origin = Origin::kServer;
  UnixMs fetched_ms = 0;
  UnixMs valid_until_ms = 0;
  std::string why_stale;
};

struct Collected {
  evidence::Bundle bundle;
  std::vector<Report> reports;  // in the order of asking
};

// All of the plan, each address once, or the error of the first that could not be had.
Result<Collected> collect(Fetcher& fetcher, const Servers& servers, const Plan& plan);

}  // namespace brume::collateral
