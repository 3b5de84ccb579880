// The table of `brume nodes`.
#include "cli/node_table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace brume::cli {
namespace {

TEST(NodeTable, StandsInTheOrderOfIdsAndWhoHasNoneLast) {
  nlohmann::json nodes = nlohmann::json::array();
  for (const unsigned id : {3u, 0u, 10u, 1u}) nodes.push_back({{"id", id}, {"name", "n" + std::to_string(id)}});
  std::ostringstream out;
  print_nodes(out, nodes);
  std::string ids;
  std::istringstream lines(out.str());
  for (std::string line; std::getline(lines, line);) ids += line.substr(0, line.find(' ')) + " ";
  EXPECT_EQ(ids, "id 1 3 10 - ");
}

}  // namespace
}  // namespace brume::cli
