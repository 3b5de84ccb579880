# Real evidence lies beside the source tree; the test over it skips where it is absent.
set_source_files_properties(${dir}/shared_evidence_test.cpp PROPERTIES COMPILE_DEFINITIONS
                            "BRUME_SHARED_EVIDENCE=\"${CMAKE_SOURCE_DIR}/../shared/evidence\"")
