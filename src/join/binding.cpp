#include "join/binding.h"

#include "base/writer.h"
#include "crypto/hash.h"

namespace brume::join {

std::string_view role_name(Role role) {
  switch (role) {
    case Role::kWorker:
      return "worker";
    case Role::kMapper:
      return "mapper";
    case Role::kReducer:
      return "reducer";
    case Role::kVerifier:
      return "verifier";
  }
  return "unknown";
}

std::optional<Role> role_from(std::string_view name) {
  for (std::uint8_t number = 1; number <= kRoleCount; ++number) {
    if (role_name(Role{number}) == name) return Role{number};
  }
  return std::nullopt;
}

std::optional<Role> role_from(std::uint8_t number) {
  if (number < 1 || number > kRoleCount) return std::nullopt;
  return Role{number};
}

ReportData report_data_of(const Binding& binding) {
  Bytes epoch = Writer().u64le(binding.epoch).take();
  Bytes all = Writer()
                  .text("brume-join/1")
                  .text(role_name(binding.role))
                  .sized(binding.nonce.view())
                  .sized(binding.attester_key.view())
                  .sized(binding.verifier_key.view())
                  .sized(binding.exporter)
                  .sized(binding.cluster.view())
                  .sized(epoch)
                  .sized(binding.claims_hash.view())
                  .take();
  return ReportData{crypto::sha512(all).bytes};
}

}  // namespace brume::join
