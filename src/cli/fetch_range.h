// `brume-fetch range`: a piece of a file from a server, for the master, which holds keys and so talks to no server
// itself. One JSON object on standard input: {"url", "ca" (PEM, or ""), "first", "size"}. On standard output a line of
// JSON,
// {"size": of the whole file, "root": PEM of the CA that vouched for the server, or ""}, then the bytes; fewer than
// asked for only where the file ends.
#pragma once

#include "base/result.h"

namespace brume::cli {

Status fetch_range();

}  // namespace brume::cli
