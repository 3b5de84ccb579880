// The endorsements of SEV-SNP that a verifier holds, sorted by what they are, with what has been verified of them. What
// depends on time, revocation or policy is never kept.
#pragma once

#include <deque>

#include "appraisal/snp_chain.h"
#include "appraisal/snp_rules.h"
#include "evidence/snp_endorsements.h"

namespace brume::appraisal {

class SnpStore {
 public:
  static constexpr std::size_t kKeyLimit = 1024;  // VCEK certificates: one for each chip and TCB, about 12 KiB each
  static constexpr std::size_t kCaLimit = 32;
  static constexpr std::size_t kCrlLimit = 32;

  struct Key {
    SnpKeyCertificate certificate;
    // Set once looked for; anew after new endorsements.
    std::shared_ptr<const SnpAuthority> authority;
    Refusals refusals;
  };
  struct List {
    crypto::Crl crl;
    Bytes issuer;
    Window window;
    Sha256Digest checked_under{};  // the root's fingerprint
    bool good = false;
  };
  struct Unreadable {
    std::optional<std::string> certificate;  // why the last one that could not be read was refused
    std::optional<std::string> crl;
  };

  // The oldest goes where there are too many; what is there already stays.
  void add(const evidence::SnpEndorsements& endorsements);
  void clear();

  // The key's certificate that fits the report best; nullptr where there is none of its kind (VCEK or VLEK).
  Key* key_for(const evidence::SnpReport& report, UnixMs now_ms);
  bool has_keys() const { return !keys_.empty(); }
  // Finds and checks the chain of a key once. What is missing is refused as snp.ask.missing or snp.ark.missing, and
  // leaves `authority` empty.
  void link(Key& key);
  // The CRL's word on the chain: adds snp.{ek,ask,ark}.revoked, snp.crl.{format,signature,not-yet-valid}.
  SnpRevocation check_revocation(Refusals& refusals, const Key& key, UnixMs now_ms);
  const Unreadable& unreadable() const { return unreadable_; }

 private:
  void add_certificate(const crypto::Certificate& certificate);
  void add_crl(std::string_view bytes);
  std::shared_ptr<const SnpAuthority> authority_of(const SnpCaCertificate& signer, const SnpCaCertificate& root);
  const SnpCaCertificate* signer_of(const SnpKeyCertificate& key) const;
  const SnpCaCertificate* root_of(const SnpCaCertificate& signer) const;

  std::deque<Key> keys_;
  std::deque<SnpCaCertificate> signers_;
  std::deque<SnpCaCertificate> roots_;
  std::deque<List> lists_;
  std::deque<std::shared_ptr<const SnpAuthority>> authorities_;
  Unreadable unreadable_;
};

}  // namespace brume::appraisal
