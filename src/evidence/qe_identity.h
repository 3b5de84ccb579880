// QE identity (Intel PCS API, version 2): what the quoting enclave must be. JSON, signed over the
// exact bytes of the value of "enclaveIdentity".
#pragma once

#include <vector>

#include "base/outside.h"
#include "evidence/sgx_report.h"
#include "evidence/tcb_status.h"

namespace brume::evidence {

inline constexpr std::size_t kQeIdentitySizeLimit = 64u << 10;

enum class QeIdentityId { kQe, kTdQe, kQve };

struct QeTcbLevel {
  std::uint16_t isv_svn = 0;
  UnixMs date_ms = 0;
  TcbStatus status = TcbStatus::kRevoked;
  std::vector<std::string> advisories;
};

struct QeIdentity {
  QeIdentityId id = QeIdentityId::kQe;
  UnixMs issue_date_ms = 0;
  UnixMs next_update_ms = 0;
  std::uint32_t evaluation_data_number = 0;
  std::uint32_t misc_select = 0;
  std::uint32_t misc_select_mask = 0;
  ByteArray<16> attributes{};
  ByteArray<16> attributes_mask{};
  SignerId mr_signer;
  std::uint16_t isv_prod_id = 0;
  std::vector<QeTcbLevel> levels;  // in descending order, at least one
};

struct SignedQeIdentity {
  QeIdentity identity_unverified;
  Bytes signed_bytes;
  ByteArray<64> signature{};
};

// {"enclaveIdentity": {...}, "signature": "hex"}, as strict as parse_tcb_info.
Result<SignedQeIdentity> parse_qe_identity(std::string_view json);

// The first level whose isv_svn is at most the given; nullptr if none.
const QeTcbLevel* matching_qe_level(const QeIdentity& identity, std::uint16_t isv_svn);

}  // namespace brume::evidence
