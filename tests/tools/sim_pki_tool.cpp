// For the attack tests: gives a home a simulated platform that a verifier must refuse. The platform's keys are
// issued under another home's root, as those of a second host would be. Never installed.
//
//   sim_pki_tool OWNER_PLATFORM HOST_PLATFORM good|expired|revoked|old-tcb
//   sim_pki_tool OWNER_PLATFORM HOST_PLATFORM revoke
//
// Reads OWNER_PLATFORM/sim-root.json, writes HOST_PLATFORM/platform-keys.json; "revoked" also enters the certificate
// into the root's list, which `brume up` signs. "revoke" takes the keys that a host has: their certificate is revoked,
// and the owner's collateral.json is replaced, as of now.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "crypto/random.h"
#include "evidence/collateral.h"
#include "tee/sim_pki.h"

namespace {

using namespace brume;
namespace fs = std::filesystem;

constexpr UnixMs kDayMs = 24LL * 3600 * 1000;

int failed(const std::string& what) {
  std::fprintf(stderr, "sim_pki_tool: %s\n", what.c_str());
  return 1;
}

bool write_private(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  out << text;
  out.close();
  return static_cast<bool>(out);
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

int revoke(tee::SimRoot& root, const fs::path& owner, const fs::path& host, UnixMs now_ms) {
  auto keys = tee::PlatformKeys::load(read_file(host / "platform-keys.json"));
  if (!keys) return failed(keys.error().what);
  root.revoke(keys->pck_certificate());
  tee::CollateralRequest request;
  request.now_ms = now_ms;
  const fs::path fresh = owner / "collateral.json.new";
  if (!write_private(owner / "sim-root.json", root.save()) ||
      !write_private(fresh, evidence::encode_collateral(root.collateral(request)))) {
    return failed(owner.string() + ": could not be written");
  }
  fs::rename(fresh, owner / "collateral.json");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return failed("OWNER_PLATFORM HOST_PLATFORM good|expired|revoked|old-tcb");
  const fs::path root_file = fs::path(argv[1]) / "sim-root.json";
  const fs::path host = argv[2];
  const std::string flaw = argv[3];
  auto root = tee::SimRoot::load(read_file(root_file));
  if (!root) return failed(root_file.string() + ": " + root.error().what);

  crypto::SystemRandom random;
  tee::PlatformRequest request;
  using namespace std::chrono;
  request.now_ms = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  if (flaw == "revoke") return revoke(*root, argv[1], host, request.now_ms);
  if (flaw == "expired") {
    request.not_before_ms = request.now_ms - 30 * kDayMs;
    request.not_after_ms = request.now_ms - kDayMs;
  } else if (flaw == "old-tcb") {
    request.svn = tee::kSimCurrentSvn - 1;
  } else if (flaw != "good" && flaw != "revoked") {
    return failed(flaw + ": unknown flaw");
  }
  auto keys = root->issue_platform(random, request);
  if (!keys) return failed(keys.error().what);
  fs::create_directories(host);
  fs::permissions(host, fs::perms::owner_all);
  if (!write_private(host / "platform-keys.json", keys->save()))
    return failed(host.string() + ": could not be written");
  if (flaw == "revoked") {
    root->revoke(keys->pck_certificate());
    if (!write_private(root_file, root->save())) return failed(root_file.string() + ": could not be written");
  }
  return 0;
}
