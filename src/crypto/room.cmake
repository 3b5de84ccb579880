# The sanitizers' run-time libraries ask the kernel for more than the test of isolation allows.
if(BRUME_SANITIZE)
  set_source_files_properties(${dir}/isolation_test.cpp PROPERTIES COMPILE_DEFINITIONS BRUME_SANITIZED)
endif()
