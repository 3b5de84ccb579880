# Boost.JSON is compiled as a whole and used in part: an enclave program takes the functions that it calls.
set_source_files_properties(${dir}/json_record.cpp PROPERTIES COMPILE_OPTIONS "-ffunction-sections;-fdata-sections")
