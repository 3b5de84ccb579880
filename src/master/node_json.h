// What is told of a node: to the owner's tool, and in the audit log.
#pragma once

#include <nlohmann/json.hpp>

#include "master/membership.h"

namespace brume::master {

nlohmann::json node_json(const NodeRecord& node);

}  // namespace brume::master
