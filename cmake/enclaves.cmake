# Enclave programs: one static PIE ELF each, from a job's sources and the enclave room.
#
# brume_job(NAME SOURCES...) builds ${CMAKE_BINARY_DIR}/jobs/NAME.enclave, and NAME-local beside it, the
# same job as an ordinary program. Reproducible: prefix-mapped paths, no build id, stripped. No RELRO and no dynamic
# loader: permissions never change after the start, and what is measured is the unrelocated program. The
# entry point is the runtime's.
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

# For a debugger, and with assertions.
set(BRUME_LOCAL_JOB_FLAGS -g -Og -UNDEBUG)
set(BRUME_LOCAL_JOB_ROOMS local mapreduce formats sealed crypto files base)

function(brume_job name)
  add_executable(${name}-local ${ARGN} ${CMAKE_SOURCE_DIR}/src/local/local_main.cpp)
  target_link_libraries(${name}-local PRIVATE brume_local)
  target_compile_options(${name}-local PRIVATE ${BRUME_LOCAL_JOB_FLAGS})
  set_target_properties(${name}-local PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/jobs)
  add_dependencies(brume_jobs ${name}-local)
  if(NOT BRUME_ENCLAVES)
    return()
  endif()
  brume_enclave_program(${name} ${CMAKE_BINARY_DIR}/jobs
    SOURCES ${ARGN} ${CMAKE_SOURCE_DIR}/src/enclave/runtime/main_job.cpp LINK brume_enclave)
  add_dependencies(brume_jobs ${name}.enclave)
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

# What `brume image build FOLDER` and `brume run --local FOLDER` compile a job with: one argument a line,
# first the compiler, then after "--" what follows the job's sources. The same as brume_job, so the same
# sources measure alike.
function(brume_job_kit)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
  separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}}")
  set(compile ${CMAKE_CXX_COMPILER} -std=c++23 ${flags} -fPIE -fno-plt -I${CMAKE_SOURCE_DIR}/src
    -I${CMAKE_SOURCE_DIR}/include -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
  brume_kit(local-kit COMPILE ${compile} -Wall -Wextra ${BRUME_LOCAL_JOB_FLAGS} LINK ${CMAKE_SOURCE_DIR}/src/local/local_main.cpp
    ROOMS ${BRUME_LOCAL_JOB_ROOMS} OPTIONS -lcrypto -lz -lzstd -pthread -pie)
  brume_job_package()
  if(BRUME_ENCLAVES)
    brume_kit(kit COMPILE ${compile} LINK ${CMAKE_SOURCE_DIR}/src/enclave/runtime/main_job.cpp
      "$<JOIN:$<TARGET_OBJECTS:brume_enclave_runtime>,\n>"
      ROOMS enclave join appraisal mapreduce formats sealed evidence crypto abi base
      OPTIONS -lssl -lcrypto -lz -lzstd -pthread -static-pie -s -Wl,--build-id=none -Wl,--gc-sections -Wl,-e,brume_enclave_entry
      -Wl,-z,norelro -Wl,-z,separate-code -Wl,-z,noexecstack -Wl,-z,max-page-size=4096)
  endif()
endfunction()

# find_package(brume_job) for folders of jobs (`brume new job`): brume_job(NAME SOURCES...) there makes NAME-local.
function(brume_job_package)
  list(TRANSFORM BRUME_LOCAL_JOB_ROOMS REPLACE "(.+)" "$<TARGET_FILE:brume_\\1>" OUTPUT_VARIABLE rooms)
  string(JOIN " " rooms ${rooms})
  string(JOIN " " flags ${BRUME_LOCAL_JOB_FLAGS})
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/brume_jobConfig.cmake.in @ONLY CONTENT [[
# Written by Brume's build: jobs are built with what lies there.
function(brume_job name)
  add_executable(${name}-local ${ARGN} @CMAKE_SOURCE_DIR@/src/local/local_main.cpp)
  target_compile_features(${name}-local PRIVATE cxx_std_23)
  target_compile_options(${name}-local PRIVATE -Wall -Wextra @flags@)
  target_include_directories(${name}-local PRIVATE @CMAKE_SOURCE_DIR@/include @CMAKE_SOURCE_DIR@/src)
  target_link_libraries(${name}-local PRIVATE -Wl,--start-group @rooms@ -Wl,--end-group crypto z zstd pthread)
endfunction()
]])
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/jobs/brume_jobConfig.cmake INPUT ${CMAKE_BINARY_DIR}/brume_jobConfig.cmake.in)
endfunction()

function(brume_kit file)
  cmake_parse_arguments(KIT "" "" "COMPILE;LINK;ROOMS;OPTIONS" ${ARGN})
  list(TRANSFORM KIT_ROOMS REPLACE "(.+)" "$<TARGET_FILE:brume_\\1>")
  string(JOIN "\n" compile_lines ${KIT_COMPILE})
  string(JOIN "\n" link_lines ${KIT_LINK} -Wl,--start-group ${KIT_ROOMS} -Wl,--end-group ${KIT_OPTIONS})
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/jobs/${file} CONTENT "${compile_lines}\n--\n${link_lines}\n")
endfunction()
