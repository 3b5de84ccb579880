set_source_files_properties(${dir}/evidence_json.cpp PROPERTIES COMPILE_DEFINITIONS "BRUME_VERSION=\"${PROJECT_VERSION}\"")
target_link_libraries(brume_cli PUBLIC CLI11::CLI11 nlohmann_json::nlohmann_json)
