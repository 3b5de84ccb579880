target_link_libraries(brume_image PUBLIC nlohmann_json::nlohmann_json PkgConfig::libarchive)
