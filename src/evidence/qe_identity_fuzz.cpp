// What parses is JSON to an independent reader too; its signed bytes stand in the input, make the same
// document again, and its levels descend.
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/hex.h"
#include "evidence/qe_identity.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  const std::string_view input = as_chars({data, size});
  auto parsed = evidence::parse_qe_identity(input);
  if (!parsed) return 0;
  std::string_view body = as_chars(parsed->signed_bytes);
  BRUME_CHECK(input.find(body) != std::string_view::npos);
  auto tree = nlohmann::json::parse(input, nullptr, false);
  BRUME_CHECK(!tree.is_discarded() && tree["enclaveIdentity"] == nlohmann::json::parse(body, nullptr, false));
  const auto& levels = parsed->identity_unverified.levels;
  BRUME_CHECK(levels.size() == tree["enclaveIdentity"]["tcbLevels"].size() && !levels.empty());
  for (std::size_t i = 1; i < levels.size(); ++i) BRUME_CHECK(levels[i - 1].isv_svn >= levels[i].isv_svn);
  auto again = evidence::parse_qe_identity("{\"enclaveIdentity\":" + std::string(body) + ",\"signature\":\"" +
                                           to_hex(parsed->signature) + "\"}");
  BRUME_CHECK(again && again->signed_bytes == parsed->signed_bytes);
  return 0;
}
