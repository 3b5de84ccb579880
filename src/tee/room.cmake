# The node of the platform's tests: static, because their images hold nothing else. Built from the
# client's few files, so that it needs no other library, and never sanitized.
set(base_dir ${CMAKE_SOURCE_DIR}/src/base)
add_executable(platform_test_node ${dir}/testing/platform_test_node.cpp ${dir}/platform_client.cpp
  ${dir}/platform_protocol.cpp ${dir}/unix_socket.cpp ${base_dir}/check.cpp ${base_dir}/hex.cpp
  ${base_dir}/reader.cpp ${base_dir}/result.cpp ${CMAKE_SOURCE_DIR}/src/abi/ring.cpp
  ${CMAKE_SOURCE_DIR}/src/abi/futex_wait.cpp)
target_link_libraries(platform_test_node PRIVATE brume_options)
if(BRUME_SANITIZE)
  target_compile_options(platform_test_node PRIVATE -fno-sanitize=all)
  target_link_options(platform_test_node PRIVATE -fno-sanitize=all)
endif()
target_link_options(platform_test_node PRIVATE -static-pie -s)
