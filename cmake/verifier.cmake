# The verifier as a library of its own: base, crypto, evidence and appraisal, their headers and a package
# file for find_package(brume). docs/guide/verifier.md.
#   cmake --build build/release --target brume_verifier
#   cmake --install build/release --component verifier --prefix PREFIX
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(BRUME_VERIFIER_ROOMS base crypto evidence appraisal)
set(BRUME_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/brume)
set(BRUME_HEADER_DIR ${CMAKE_INSTALL_INCLUDEDIR}/brume/verifier)

add_custom_target(brume_verifier)
set_target_properties(brume_options PROPERTIES EXPORT_NAME options)
install(TARGETS brume_options EXPORT brumeTargets COMPONENT verifier)
foreach(room ${BRUME_VERIFIER_ROOMS})
  set_target_properties(brume_${room} PROPERTIES EXPORT_NAME ${room})
  add_dependencies(brume_verifier brume_${room})
  install(TARGETS brume_${room} EXPORT brumeTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT verifier)
  # What only tests include, and what a room keeps to itself, stays here.
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/src/${room} DESTINATION ${BRUME_HEADER_DIR} COMPONENT verifier
    FILES_MATCHING PATTERN "*.h" PATTERN "test_*.h" EXCLUDE PATTERN "shared_evidence.h" EXCLUDE PATTERN "x509_parse.h" EXCLUDE
    PATTERN "x509_state.h" EXCLUDE
    PATTERN "openssl_handle.h" EXCLUDE PATTERN "tls*.h" EXCLUDE)
endforeach()
install(EXPORT brumeTargets NAMESPACE brume:: DESTINATION ${BRUME_PACKAGE_DIR} COMPONENT verifier)
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/brumeConfig.cmake.in
  ${CMAKE_BINARY_DIR}/brumeConfig.cmake INSTALL_DESTINATION ${BRUME_PACKAGE_DIR})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/brumeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/brumeConfig.cmake ${CMAKE_BINARY_DIR}/brumeConfigVersion.cmake
  DESTINATION ${BRUME_PACKAGE_DIR} COMPONENT verifier)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT verifier)
