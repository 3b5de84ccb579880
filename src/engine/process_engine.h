// Nodes as plain processes: the platform makes their namespaces over the unpacked image. For machines without a
// container engine. They share the host's network.
#pragma once

#include "engine/engine.h"

namespace brume::engine {

std::unique_ptr<Engine> make_process_engine();

}  // namespace brume::engine
