// The whole of a DCAP quote's verification (Intel SGX ECDSA QuoteVerification), of enclaves and of TDs, with what
// can be kept between calls kept: parsed and checked chains and collateral. One path for real and simulated.
#pragma once

#include <deque>

#include "appraisal/appraise.h"
#include "appraisal/policy_match.h"
#include "appraisal/sgx_collateral.h"
#include "evidence/quote.h"

namespace brume::appraisal {

class DcapAppraiser {
 public:
  void add_collateral(const evidence::Collateral& collateral);
  void clear_collateral() { collateral_.clear(); }

  // Fills facts, what is known of them, and refusals of every rule but the policy's. known.tee is
  // left false where nothing the quote says can be believed. `tee`: what the quote must be of.
  void examine(evidence::TeeType tee, ByteView quote_bytes, const Policy& policy, const Expected& expected,
               Findings& findings, KnownFacts& known);

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
  // The chain in the quote; for quotes that carry none, the one in collateral whose key signed the QE report.
  Result<std::shared_ptr<const PckChain>> find_chain(const evidence::Quote& quote, const Policy& policy);
  Bundle* bundle_for(evidence::TeeType tee, const PckChain& chain);
  const CheckedCollateral& checked(Bundle& bundle, const PckChain& chain);
  void examine_platform(const evidence::Quote& quote, const PckChain& chain, UnixMs now_ms, Findings& findings);
  void examine_tcb(const evidence::Quote& quote, const PckChain& chain, const ParsedCollateral& collateral,
                   Findings& findings);

  std::deque<Bundle> collateral_;
  std::deque<KeptChain> chains_;
};

}  // namespace brume::appraisal
