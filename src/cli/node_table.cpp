#include "cli/node_table.h"

#include <algorithm>
#include <iomanip>
#include <vector>

namespace brume::cli {

using nlohmann::json;

namespace {

// Names come from hosts that nobody trusts: a terminal must not obey them.
std::string printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return text;
}

std::string text(const json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? printable(found->get<std::string>()) : std::string();
}

// By id, which tells who joined first; those who never got one stand last.
std::vector<json> in_order(const json& nodes) {
  auto out = nodes.get<std::vector<json>>();
  std::ranges::stable_sort(out, {}, [](const json& node) { return node.value("id", 0u) - 1; });
  return out;
}

}  // namespace

void print_refusals(std::ostream& out, const json& node) {
  const json refusals = node.value("refusals", json::array());
  for (const json& refusal : refusals)
    out << "    refused by " << text(refusal, "rule") << "\n      expected " << text(refusal, "expected")
        << "\n      got      " << text(refusal, "got") << "\n      to do    " << text(refusal, "fix") << "\n";
}

void print_nodes(std::ostream& out, const json& nodes) {
  out << std::left << std::setw(4) << "id" << std::setw(14) << "name" << std::setw(9) << "role" << std::setw(10)
      << "verdict" << std::setw(9) << "tee" << std::setw(10) << "tcb" << std::setw(18) << "measurement" << "image\n";
  for (const json& node : in_order(nodes)) {
    json evidence = node.value("evidence", json::object());
    out << std::setw(4) << (node.value("id", 0) == 0 ? std::string("-") : std::to_string(node.value("id", 0)))
        << std::setw(14) << text(node, "name") << std::setw(9) << text(node, "role") << std::setw(10)
        << text(node, "state") << std::setw(9) << text(evidence, "tee") << std::setw(10) << text(evidence, "tcb_status")
        << std::setw(18) << text(evidence, "measurement").substr(0, 16) << text(evidence, "image").substr(0, 16)
        << "\n";
    print_refusals(out, node);
    if (std::string why = text(node, "why"); !why.empty() && node.value("refusals", json::array()).empty())
      out << "    " << why << "\n";
  }
}

}  // namespace brume::cli
