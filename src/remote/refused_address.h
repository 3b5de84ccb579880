// Where hosts fetch nothing for an owner: what clouds tell each machine about itself, keys included, at addresses of
// its own. An owner has no business with it through a host.
#pragma once

#include <string_view>

namespace brume::remote {

// Link-local addresses, and the metadata services elsewhere; also written as IPv6 addresses that lead to IPv4 ones.
// What is no numeric address is refused, too. Other inner networks are not: input may lie there.
bool is_refused_address(std::string_view numeric);

}  // namespace brume::remote
