# The build that `bench/run --only protection` measures the others against: the same cores, with files of src/crypto
# replaced by those of bench/unprotected, which seal nothing and hash no stream. It is no mode of the product: no source
# of src/ knows of it, it has a build folder of its own, cannot be installed, and its nodes and
# those of any other build refuse each other.
#   cmake --preset unprotected && cmake --build build/unprotected --target brume brume-node brume_jobs
option(BRUME_UNPROTECTED_BENCH "Build programs that protect nothing, to measure against" OFF)

cmake_path(GET CMAKE_BINARY_DIR FILENAME folder)
if(BRUME_UNPROTECTED_BENCH AND NOT folder STREQUAL "unprotected")
  message(FATAL_ERROR "BRUME_UNPROTECTED_BENCH makes programs that protect nothing: they are built in a folder of that "
    "name only (cmake --preset unprotected), not in ${folder}")
endif()
if(NOT BRUME_UNPROTECTED_BENCH AND folder STREQUAL "unprotected")
  message(FATAL_ERROR "the build folder ${folder} is for -DBRUME_UNPROTECTED_BENCH=ON; use another one")
endif()

set(BRUME_VERSION_TEXT "${PROJECT_VERSION}")
if(NOT BRUME_UNPROTECTED_BENCH)
  return()
endif()

set(BRUME_UNPROTECTED_TEXT "UNPROTECTED BENCHMARK BUILD: this program protects nothing, give it no real data")
string(APPEND BRUME_VERSION_TEXT " (${BRUME_UNPROTECTED_TEXT})")
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/unprotected_text.h
  CONTENT "#pragma once\n#define BRUME_UNPROTECTED_TEXT \"@BRUME_UNPROTECTED_TEXT@\"\n" @ONLY)
install(CODE "message(FATAL_ERROR \"${BRUME_UNPROTECTED_TEXT}: it cannot be installed\")" ALL_COMPONENTS)

# Replaces in the crypto room's list of sources what has a file of the same name in bench/unprotected.
function(brume_take_protection_away sources_name)
  set(sources ${${sources_name}})
  foreach(name aead sha256 tls)
    set(original ${CMAKE_SOURCE_DIR}/src/crypto/${name}.cpp)
    if(NOT original IN_LIST sources)
      message(FATAL_ERROR "${original} is gone: bench/unprotected/${name}.cpp replaces nothing")
    endif()
    list(REMOVE_ITEM sources ${original})
    list(APPEND sources ${CMAKE_SOURCE_DIR}/bench/unprotected/${name}.cpp)
  endforeach()
  set(${sources_name} ${sources} PARENT_SCOPE)
endfunction()

# Every program but the enclaves, which have no output of their own.
function(brume_unprotected_notice)
  set(programs brume brume-node brume-fetch)
  foreach(job ${BRUME_JOBS})
    list(APPEND programs ${job}-local)
  endforeach()
  foreach(program ${programs})
    if(TARGET ${program})
      target_sources(${program} PRIVATE ${CMAKE_SOURCE_DIR}/bench/unprotected/notice.cpp)
      target_include_directories(${program} PRIVATE ${CMAKE_BINARY_DIR}/generated)
    endif()
  endforeach()
endfunction()
cmake_language(DEFER CALL brume_unprotected_notice)
