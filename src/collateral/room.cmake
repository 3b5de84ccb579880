target_link_libraries(brume_collateral PUBLIC PkgConfig::libcurl)
