# Every dependency by name, in one place; docs/dependencies.md says why each.
find_package(Threads REQUIRED)
set(OPENSSL_USE_STATIC_LIBS TRUE)  # enclave programs and brume-node have no loader
find_package(OpenSSL 3.0 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(Boost 1.81 REQUIRED)  # headers only: JSON, Beast's HTTP parser, PropertyTree's INI files
find_package(CLI11 2.1 REQUIRED)
find_package(Eigen3 3.4 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(zlib REQUIRED zlib>=1.2.13)
pkg_check_modules(libzstd REQUIRED libzstd>=1.5)
pkg_check_modules(libarchive REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(libcurl REQUIRED IMPORTED_TARGET libcurl>=7.85)
find_package(GTest 1.12 REQUIRED)
if(BRUME_BENCH)
  find_package(benchmark 1.7 REQUIRED)
endif()
