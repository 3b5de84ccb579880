// A node that got no enclave has no session with the master; it can still say why it gives up.
#pragma once

#include "node/node_options.h"

namespace brume::node {

// Tells the master, if it is there, and lets go. The owner then reads the reason in `brume nodes`; it is this
// host's word and proves nothing. Blocks for at most some seconds.
void tell_master_of_failure(const NodeOptions& options, const std::string& what);

}  // namespace brume::node
