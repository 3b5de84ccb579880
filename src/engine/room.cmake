# The node of the engines' tests: static, because its images hold nothing else.
if(TARGET brume_engine)
  add_executable(engine_test_node ${dir}/testing/engine_test_node.cpp)
  if(BRUME_SANITIZE)
    target_compile_options(engine_test_node PRIVATE -fno-sanitize=all)
    target_link_options(engine_test_node PRIVATE -fno-sanitize=all)
  endif()
  target_link_options(engine_test_node PRIVATE -static-pie -s)
endif()
