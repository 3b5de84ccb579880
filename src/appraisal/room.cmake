# Real evidence lies beside the source tree; the tests over it skip where it is absent.
file(GLOB evidence_tests CONFIGURE_DEPENDS ${dir}/*_evidence_test.cpp ${dir}/shared_*_test.cpp)
set_source_files_properties(${evidence_tests} PROPERTIES COMPILE_DEFINITIONS
                            "BRUME_SHARED_EVIDENCE=\"${CMAKE_SOURCE_DIR}/../shared/evidence\"")
set_source_files_properties(${dir}/rule_reference_test.cpp PROPERTIES COMPILE_DEFINITIONS
                            "BRUME_POLICY_PAGE=\"${CMAKE_SOURCE_DIR}/docs/formats/policy.md\"")
