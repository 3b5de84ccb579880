set_source_files_properties(${dir}/evidence_json.cpp PROPERTIES COMPILE_DEFINITIONS "BRUME_VERSION=\"${PROJECT_VERSION}\"")
target_link_libraries(brume_cli PUBLIC CLI11::CLI11 nlohmann_json::nlohmann_json)
# Half of what a verb takes to compile is reading these two. No program that is measured has them.
target_precompile_headers(brume_cli PRIVATE <CLI/CLI.hpp> <nlohmann/json.hpp>)
set_source_files_properties(${dir}/evidence_json.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  target_compile_options(brume_cli PRIVATE -fpch-preprocess)  # so that ccache can look into it
endif()
