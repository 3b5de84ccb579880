// SIGSTRUCT: the signer's word about an enclave program, 1808 bytes (Intel SDM vol. 3D, 38.13), and
// what EINIT checks with it. RSA-3072, exponent 3, PKCS #1 v1.5, SHA-256 over bytes 0..127 and
// 900..1027; Q1 and Q2 are the quotients that spare the processor a division.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "crypto/rsa.h"

namespace brume::measure {

inline constexpr std::size_t kSigstructSize = 1808;

// ATTRIBUTES, SDM vol. 3D, 38.7.1.
struct Attributes {
  std::uint64_t flags = 0;
  std::uint64_t xfrm = 0;
  friend bool operator==(const Attributes&, const Attributes&) = default;
};
inline constexpr std::uint64_t kFlagInit = 1u << 0;
inline constexpr std::uint64_t kFlagDebug = 1u << 1;
inline constexpr std::uint64_t kFlagMode64 = 1u << 2;
inline constexpr std::uint64_t kFlagKss = 1u << 7;
inline constexpr std::uint64_t kXfrmLegacy = 3;  // x87 and SSE: always on

// What the signer chooses. The default masks let the platform choose DEBUG and the AVX states: the
// report says which, and the policy decides; everything else must be as signed.
struct SigstructBody {
  std::uint32_t vendor = 0;  // 0: not Intel
  std::uint32_t date = 0;    // BCD, 0xYYYYMMDD
  std::uint32_t sw_defined = 0;
  std::uint32_t misc_select = 0;
  std::uint32_t misc_mask = 0xFFFFFFFF;
  std::uint8_t cet_attributes = 0;
  std::uint8_t cet_mask = 0xFF;
  ByteArray<16> isv_family_id{};
  Attributes attributes{kFlagMode64 | kFlagKss, kXfrmLegacy};
  Attributes attribute_mask{~(kFlagInit | kFlagDebug), kXfrmLegacy};
  Measurement measurement;
  ByteArray<16> isv_ext_prod_id{};
  std::uint16_t isv_prod_id = 0;
  std::uint16_t isv_svn = 0;
  friend bool operator==(const SigstructBody&, const SigstructBody&) = default;
};

// MRSIGNER of whoever holds that modulus.
SignerId signer_id(const crypto::Rsa3072Number& modulus_le);

Bytes sign_sigstruct(const SigstructBody& body, const crypto::Rsa3072Key& key);

// A SIGSTRUCT whose signature, quotients and fixed fields hold. Which signer it is says `signer`:
// anybody can sign.
struct Sigstruct {
  SigstructBody body;
  SignerId signer;
};
Result<Sigstruct> verify_sigstruct(ByteView bytes);

// EINIT's comparison of what was loaded with what was signed: the measurement, the attributes and
// MISCSELECT under their masks. `loaded` is without INIT, as it is then.
Status check_einit(const SigstructBody& body, const Measurement& measured, const Attributes& loaded,
                   std::uint32_t misc_select);

}  // namespace brume::measure
