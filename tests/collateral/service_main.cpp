// collateral_service FOLDER: answers on loopback as PCS, PCCS and KDS would for a platform of its own making, until its
// standard input ends. Prints its address. FOLDER/trouble, where it is, says how badly: "busy N" (429 for N questions),
// "down" (500), "gone" (404), "slow", "cut", "html", "revoked" (all anew, with the platform revoked).
// Writes what a caller needs to FOLDER: fmspc, chip-id, and quote with policy.toml. For tests.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "platform_service.h"

namespace {

using namespace brume;
namespace fs = std::filesystem;

UnixMs now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

void write(const fs::path& path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; }

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

testing::Answer answer(testing::PlatformService& service, const fs::path& folder, const testing::Question& question) {
  const fs::path file = folder / "trouble";
  const std::string trouble = read(file);
  if (trouble.starts_with("busy ")) {
    const int count = std::stoi(trouble.substr(5));
    if (count > 0) {
      write(file, "busy " + std::to_string(count - 1));
      return {.status = 429, .headers = {{"Retry-After", "1"}}};
    }
  }
  if (trouble == "revoked") service.renew(now_ms(), true);
  testing::Answer out = service.answer(question);
  if (trouble == "down") out = {.status = 500};
  if (trouble == "gone") out = {.status = 404};
  if (trouble == "slow") out.delay_ms = 10'000;
  if (trouble == "cut") out.cut_size = 10;
  if (trouble == "html") out.body = "<html>sign in</html>";
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const fs::path folder = argv[1];
  testing::PlatformService service(now_ms());
  write(folder / "fmspc", service.platform.tcb_fmspc);
  write(folder / "chip-id", service.chip_id.hex());
  write(folder / "policy.toml", service.platform.policy_text());
  write(folder / "quote", as_chars(service.platform.quote()));
  testing::LoopbackServer server([&](const testing::Question& question) { return answer(service, folder, question); });
  std::cout << server.url() << std::endl;
  while (std::cin.get() != std::istream::traits_type::eof()) {
  }
  return 0;
}
