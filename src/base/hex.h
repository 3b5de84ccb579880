// Hexadecimal text, lower case out, either case in.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace brume {

std::string to_hex(ByteView bytes);
// Refuses odd lengths and anything that is not a hex digit.
Result<Bytes> from_hex(std::string_view text);

}  // namespace brume
