// What a file is, by its content alone: names, endings and folders say nothing. A first look and no
// more: what is recognised may still not parse, and nothing in it is verified. So that a file with one
// byte spoilt is told as what it was meant to be, single fields decide as little as can be.
#pragma once

#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace brume::evidence {

// Event logs of servers and IMA lists are what is long: a month of IMA has a few MiB.
inline constexpr std::size_t kRecognisedSizeLimit = 16u << 20;
// hex of base64 of a CMW is as deep as anybody wraps
inline constexpr int kWrappingLimit = 4;

enum class FileKind {
  kUnknown,
  kDcapQuote,         // SGX or TDX quote, versions 3 to 5
  kSnpReport,         // AMD SEV-SNP attestation report
  kHclReport,         // Azure: "HCLA", a hardware report, and what it binds
  kTpmAttest,         // TPMS_ATTEST
  kTpmSignature,      // TPMT_SIGNATURE
  kRawSignature,      // the bytes of an RSA signature without a header: a length and no more
  kTpmPublic,         // TPMT_PUBLIC or TPM2B_PUBLIC
  kPublicKey,         // SubjectPublicKeyInfo, PEM or DER
  kCertificates,      // X.509: PEM, one or several, also percent-encoded; or one in DER
  kCrl,               // PEM or DER
  kTcbInfo,           // JSON of the PCS
  kQeIdentity,        // JSON of the PCS
  kCollateralBundle,  // docs/formats/collateral.md
  kPcrValues,         // JSON, YAML as tpm2_pcrread writes it, or its binary file
  kEventLog,          // TCG PC Client event log, SHA-1 or crypto-agile; a CCEL has the same form
  kImaBinary,         // binary_runtime_measurements
  kImaText,           // ascii_runtime_measurements
  kPolicy,            // docs/formats/policy.md, TOML or JSON
  kTypedRecord,       // CMW whose type is of this project and whose value has no form of its own
};

// "SGX or TDX quote", for people.
std::string_view file_kind_name(FileKind kind);

struct Recognised {
  FileKind kind = FileKind::kUnknown;
  std::vector<std::string> wrappings;  // "hex", "base64", "pem", "cmw", "percent"; outermost first
  std::string cmw_type;                // of the innermost CMW; empty without
  // Without the wrappings. Certificates, CRLs and keys in PEM stay as they are (without percent-encoding):
  // PEM is their form, not a wrapping.
  Bytes content;
};

// Never fails: what is not recognised, or is longer than the limit, is kUnknown with its bytes as content.
Recognised recognise(ByteView file);

// The kind of bytes that carry no wrapping (recognise_binary.cpp) or of a text (recognise_text.cpp).
FileKind kind_of_binary(ByteView bytes);
FileKind kind_of_text(std::string_view text);

}  // namespace brume::evidence
