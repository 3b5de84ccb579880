# Enclave programs: one static PIE ELF each, from a job's sources and the enclave room.
#
# brume_job(NAME SOURCES...) builds ${CMAKE_BINARY_DIR}/jobs/NAME.enclave. Reproducible: prefix-mapped
# paths, no build id, stripped. No RELRO and no dynamic loader: permissions never change after the
# start, and what is measured is the unrelocated program. The entry point is the runtime's.
function(brume_enclave_program name directory)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name}.enclave ${PROGRAM_SOURCES} $<TARGET_OBJECTS:brume_enclave_runtime>)
  target_link_libraries(${name}.enclave PRIVATE ${PROGRAM_LINK})
  target_include_directories(${name}.enclave PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
  target_link_options(${name}.enclave PRIVATE -static-pie -s -Wl,--gc-sections -Wl,-e,brume_enclave_entry
    -Wl,-z,norelro -Wl,-z,separate-code -Wl,-z,noexecstack -Wl,-z,max-page-size=4096)
  set_target_properties(${name}.enclave PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${directory})
endfunction()

# The runtime stands apart from the enclave room: it takes the place of the C library's system
# calls, which a host program must not get by accident.
function(brume_enclave_runtime)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/enclave/runtime/*.cpp
       ${CMAKE_SOURCE_DIR}/src/enclave/runtime/*.S)
  list(FILTER sources EXCLUDE REGEX "_job\\.cpp$")
  add_library(brume_enclave_runtime OBJECT ${sources})
  target_include_directories(brume_enclave_runtime PRIVATE ${CMAKE_SOURCE_DIR}/src)
endfunction()

function(brume_job name)
  if(NOT BRUME_ENCLAVES)
    return()
  endif()
  brume_enclave_program(${name} ${CMAKE_BINARY_DIR}/jobs
    SOURCES ${ARGN} ${CMAKE_SOURCE_DIR}/src/enclave/runtime/main_job.cpp LINK brume_enclave)
endfunction()

# Programs for tests of the loader and the runtime; they need no job and no task loop.
function(brume_test_enclave name)
  if(NOT BRUME_ENCLAVES)
    return()
  endif()
  brume_enclave_program(${name} ${CMAKE_BINARY_DIR}/test-enclaves
    SOURCES ${ARGN} LINK brume_crypto brume_abi brume_base)
endfunction()

if(BRUME_ENCLAVES)
  brume_enclave_runtime()
  # What the loader's tests start: it does what a frame asks for, allowed or not.
  brume_test_enclave(probe ${CMAKE_SOURCE_DIR}/src/enclave/testdata/probe.cpp)
  # Test programs are defined later: what they start has to be built with them.
  function(brume_tests_start_programs)
    foreach(test tee_test measure_test loader_bench)
      foreach(program probe.enclave platform_test_node)
        if(TARGET ${test} AND TARGET ${program})
          add_dependencies(${test} ${program})
        endif()
      endforeach()
    endforeach()
  endfunction()
  cmake_language(DEFER CALL brume_tests_start_programs)
endif()

# What `brume image build FOLDER` compiles a job with: one argument a line, first the compiler, then
# after "--" what follows the job's sources. The same as brume_job, so the same sources measure alike.
function(brume_job_kit)
  if(NOT BRUME_ENCLAVES)
    return()
  endif()
  string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
  separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}}")
  set(compile ${CMAKE_CXX_COMPILER} -std=c++23 ${flags} -fPIE -fno-plt -I${CMAKE_SOURCE_DIR}/src
    -I${CMAKE_SOURCE_DIR}/include -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
  set(rooms)
  foreach(room enclave join appraisal mapreduce sealed evidence crypto abi base)
    list(APPEND rooms $<TARGET_FILE:brume_${room}>)
  endforeach()
  string(JOIN "\n" compile_lines ${compile})
  string(JOIN "\n" link_lines ${CMAKE_SOURCE_DIR}/src/enclave/runtime/main_job.cpp
    "$<JOIN:$<TARGET_OBJECTS:brume_enclave_runtime>,\n>" -Wl,--start-group ${rooms} -lssl -lcrypto -Wl,--end-group -pthread
    -static-pie -s -Wl,--build-id=none -Wl,--gc-sections -Wl,-e,brume_enclave_entry -Wl,-z,norelro -Wl,-z,separate-code
    -Wl,-z,noexecstack -Wl,-z,max-page-size=4096)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/jobs/kit CONTENT "${compile_lines}\n--\n${link_lines}\n")
endfunction()
