# Where the test finds the second implementation of MRENCLAVE.
set_source_files_properties(${dir}/mrenclave_test.cpp PROPERTIES COMPILE_DEFINITIONS
                            BRUME_MRENCLAVE_TOOL="${CMAKE_SOURCE_DIR}/tools/mrenclave.py")
