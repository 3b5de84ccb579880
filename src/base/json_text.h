// JSON as text, whatever its strings hold: names, reasons and log lines of hosts and jobs may be any bytes, and the
// library throws at those that are not UTF-8.
#pragma once

#include <string>

namespace brume {

// Bytes that are not UTF-8 become U+FFFD. indent: as dump() has it.
template <typename Json>
std::string json_text(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace brume
