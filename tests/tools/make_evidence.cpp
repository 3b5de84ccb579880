// make_evidence FOLDER: self-made SGX evidence of now under a root of its own, its bundle, the policy that accepts it,
// and the same quote with one bit changed. For tests.
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "appraisal/test_platform.h"
#include "evidence/bundle.h"

int main(int argc, char** argv) {
  using namespace brume;
  if (argc != 2) return 2;
  const std::filesystem::path folder = argv[1];
  appraisal::TestPlatform platform;
  const UnixMs day = appraisal::TestPlatform::kDay;
  platform.now = std::time(nullptr) * UnixMs{1000};
  for (auto* certificate : {&platform.root, &platform.ca, &platform.tcb_signing, &platform.pck}) {
    certificate->not_before = platform.now - 100 * day;
    certificate->not_after = platform.now + 100 * day;
  }
  platform.root_crl = platform.pck_crl = {platform.now - day, platform.now + day};
  platform.tcb_issued = platform.qe_issued = platform.now - day;
  platform.tcb_next = platform.qe_next = platform.now + day;
  platform.issue();
  auto write = [&](const char* name, ByteView bytes) {
    std::ofstream(folder / name, std::ios::binary) << as_chars(bytes);
  };
  Bytes quote = platform.quote();
  const std::string bundle = evidence::encode_bundle({evidence::parts_of(platform.collateral())});
  write("quote", quote);
  write("bundle.json", as_bytes(bundle));
  write("policy.toml", as_bytes(platform.policy_text()));
  quote[60] ^= 1;
  write("changed-quote", quote);
  std::cout << platform.expected().report_data.hex() << "\n";
  return 0;
}
