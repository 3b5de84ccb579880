target_link_libraries(brume_local PUBLIC CLI11::CLI11 nlohmann_json::nlohmann_json)
