// The whole of an SGX quote's verification (Intel SGX ECDSA QuoteVerification), with what can be kept
// between calls kept: parsed and checked chains and collateral. One path for real and simulated.
#pragma once

#include <deque>

#include "appraisal/appraise.h"
#include "appraisal/policy_match.h"
#include "appraisal/sgx_collateral.h"
#include "evidence/quote.h"

namespace brume::appraisal {

class SgxAppraiser {
 public:
  void add_collateral(const evidence::Collateral& collateral);
  void clear_collateral() { collateral_.clear(); }

  // Fills facts, what is known of them, and refusals of every rule but the policy's. known.tee is
  // left false where nothing the quote says can be believed.
  void examine(ByteView quote_bytes, const Policy& policy, const Expected& expected, Findings& findings,
               KnownFacts& known);

 private:
  struct Bundle {
    std::string pck_chain;
    ParsedCollateral parsed;
    std::optional<CheckedCollateral> checked;  // for the chain that came last
  };
  struct KeptChain {
    Sha256Digest digest;  // of the certification data
    std::shared_ptr<const PckChain> chain;
  };
  // A platform has one chain; more than this many platforms are read again.
  static constexpr std::size_t kChainLimit = 256;

  // Kept only where the policy names its root and nothing is wrong with it, so that strangers cannot
  // push out what is in use.
  Result<std::shared_ptr<const PckChain>> chain_of(ByteView certification_data, const Policy& policy);
  // The chain in the quote, or one that collateral holds for quotes that carry none.
  ByteView certification_of(const evidence::SgxQuote& quote) const;
  Bundle* bundle_for(const PckChain& chain);
  const CheckedCollateral& checked(Bundle& bundle, const PckChain& chain);
  void examine_platform(const evidence::SgxQuote& quote, const PckChain& chain, UnixMs now_ms, Findings& findings);

  std::deque<Bundle> collateral_;
  std::deque<KeptChain> chains_;
};

}  // namespace brume::appraisal
