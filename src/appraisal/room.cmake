# Real evidence lies beside the source tree; the tests over it skip where it is absent.
set_source_files_properties(${dir}/shared_evidence_test.cpp ${dir}/shared_snp_test.cpp PROPERTIES COMPILE_DEFINITIONS
                            "BRUME_SHARED_EVIDENCE=\"${CMAKE_SOURCE_DIR}/../shared/evidence\"")
