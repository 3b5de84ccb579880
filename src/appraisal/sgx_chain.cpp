#include "appraisal/sgx_chain.h"

#include "appraisal/self_signature.h"
#include "appraisal/validity.h"

namespace brume::appraisal {
namespace {

constexpr std::size_t kPckChainCount = 3;
constexpr std::string_view kPckCa = "the PCK CA of its chain";
constexpr std::string_view kRoot = "the root of the PCK chain";
constexpr std::string_view kReplaceEvidence = "the peer must send evidence with an intact certificate chain";

// authorityKeyIdentifier, subjectKeyIdentifier, cRLDistributionPoints, keyUsage, basicConstraints.
constexpr std::string_view kRequiredExtensions[] = {"2.5.29.35", "2.5.29.14", "2.5.29.31", "2.5.29.15", "2.5.29.19"};

// Section 1.3: every certificate of the profile has these.
void check_profile(Refusals& refusals, std::string_view prefix, const crypto::Certificate& certificate,
                   std::string_view name, bool ca) {
  if (certificate.subject_common_name().find(name) == std::string::npos) {
    refuse(refusals, std::string(prefix) + ".name", "a common name with \"" + std::string(name) + "\"", "another name",
           kReplaceEvidence);
  }
  for (std::string_view oid : kRequiredExtensions) {
    if (!certificate.extension(oid)) {
      refuse(refusals, std::string(prefix) + ".profile", "extension " + std::string(oid), "not there",
             kReplaceEvidence);
    }
  }
  if (certificate.is_ca() != ca || (ca && !certificate.may_sign_certificates())) {
    refuse(refusals, std::string(prefix) + ".profile", ca ? "a CA that may sign certificates" : "no CA",
           ca ? "not allowed to sign certificates" : "a CA", kReplaceEvidence);
  }
}

void check_issued(Refusals& refusals, std::string_view prefix, const crypto::Certificate& certificate,
                  const crypto::Certificate& issuer, const crypto::EcPublicKey& issuer_key,
                  std::string_view issuer_name) {
  if (certificate.issuer_der() != issuer.subject_der()) {
    refuse(refusals, std::string(prefix) + ".issuer", "issued by " + std::string(issuer_name), "names another issuer",
           kReplaceEvidence);
  }
  const bool own = &certificate == &issuer;
  if (!(own ? self_signature_holds(certificate.fingerprint(), [&] { return certificate.signed_by(issuer_key); })
            : certificate.signed_by(issuer_key))) {
    refuse(refusals, std::string(prefix) + ".signature", "signed by " + std::string(issuer_name),
           "signature does not verify", kReplaceEvidence);
  }
}

bool self_issued(const crypto::Certificate& certificate) {
  return certificate.subject_der() == certificate.issuer_der();
}

void check_issuers(PckChain& chain) {
  check_profile(chain.refusals, "sgx.pck-ca", chain.ca, "CA", true);
  check_profile(chain.refusals, "sgx.root", chain.root, "SGX Root CA", true);
  check_issued(chain.refusals, "sgx.pck-ca", chain.ca, chain.root, chain.root_key, kRoot);
  check_issued(chain.refusals, "sgx.root", chain.root, chain.root, chain.root_key, kRoot);
}

void check_leaf(PckChain& chain) {
  check_profile(chain.refusals, "sgx.pck", chain.leaf, "SGX PCK Certificate", false);
  check_issued(chain.refusals, "sgx.pck", chain.leaf, chain.ca, chain.ca_key, kPckCa);
}

}  // namespace

Result<PckChain> read_pck_chain(ByteView pem, const PckChain* known) {
  BRUME_ASSIGN(auto certificates, crypto::Certificate::chain_from_pem(as_chars(pem), kPckChainCount));
  if (certificates.size() != kPckChainCount) return malformed("PCK chain: not three certificates");
  if (self_issued(certificates[1]) && !self_issued(certificates[2])) std::swap(certificates[1], certificates[2]);
  BRUME_ASSIGN(auto leaf_key, certificates[0].public_key());
  const bool same =
      known != nullptr && known->refusals.empty() && known->ca == certificates[1] && known->root == certificates[2];
  BRUME_ASSIGN(auto ca_key, same ? known->ca_key : certificates[1].public_key());
  BRUME_ASSIGN(auto root_key, same ? known->root_key : certificates[2].public_key());
  BRUME_ASSIGN(auto platform, evidence::pck_extension_of(certificates[0]));
  SpkiHash root_spki = same ? known->root_spki : root_key.spki_hash();
  PckChain chain{certificates[0], certificates[1], certificates[2], leaf_key, ca_key,
                 root_key,        root_spki,       platform,        {}};
  check_leaf(chain);
  if (!same) check_issuers(chain);
  return chain;
}

Result<TcbSigningChain> read_tcb_signing_chain(const std::vector<crypto::Certificate>& chain, const PckChain& pck) {
  if (chain.empty() || chain.size() > 2) return malformed("TCB signing chain: not a signer and its root");
  BRUME_ASSIGN(auto signer_key, chain.front().public_key());
  TcbSigningChain out{chain.front(), signer_key, {}};
  check_profile(out.refusals, "sgx.tcb-signing", out.signer, "SGX TCB Signing", false);
  check_issued(out.refusals, "sgx.tcb-signing", out.signer, pck.root, pck.root_key, kRoot);
  if (chain.size() == 2 && chain.back() != pck.root) {
    BRUME_ASSIGN(auto root_key, chain.back().public_key());
    if (root_key.spki_hash() != pck.root_spki || chain.back().subject_der() != pck.root.subject_der()) {
      refuse(out.refusals, "sgx.tcb-signing.root", "the root of the PCK chain, " + pck.root_spki.hex(),
             root_key.spki_hash().hex(), "fetch the collateral again");
    } else if (!chain.back().signed_by(pck.root_key)) {  // a root that was issued anew, but as it was issued
      refuse(out.refusals, "sgx.tcb-signing.root", "a root certificate as it was issued", "signature does not verify",
             "fetch the collateral again");
    }
  }
  return out;
}

void check_pck_chain_validity(Refusals& refusals, const PckChain& chain, UnixMs now_ms) {
  auto check = [&](std::string_view prefix, const crypto::Certificate& certificate) {
    check_window(refusals, prefix, {certificate.not_before(), certificate.not_after()}, now_ms,
                 "the platform needs a new PCK certificate");
  };
  check("sgx.pck", chain.leaf);
  check("sgx.pck-ca", chain.ca);
  check("sgx.root", chain.root);
}

}  // namespace brume::appraisal
