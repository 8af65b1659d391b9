# How a folder becomes a library, and a folder of tests becomes a test program. Sources are listed, never globbed.

# cockpit_library(name SOURCES a.cpp ... [PUBLIC lib ...] [PRIVATE lib ...] [NO_PCH])
function(cockpit_library name)
  cmake_parse_arguments(ARG "NO_PCH" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC cockpit_options ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  if(NOT ARG_NO_PCH)
    target_precompile_headers(${name} REUSE_FROM cockpit_pch)
    target_link_libraries(${name} PUBLIC Boost::headers Threads::Threads)
  endif()
endfunction()

# A program is compiled as position independent as the libraries are: clang takes a precompiled header only
# when both agree, and CMake would give programs -fPIE.
function(cockpit_reuse_pch name pch)
  target_precompile_headers(${name} REUSE_FROM ${pch})
  target_compile_options(${name} PRIVATE -fPIC)
endfunction()

# cockpit_program(name SOURCES main.cpp ... LIBRARIES lib ...)
function(cockpit_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE cockpit_options Boost::headers Threads::Threads ${ARG_LIBRARIES})
  cockpit_reuse_pch(${name} cockpit_pch)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
endfunction()

# cockpit_test(name SOURCES a_test.cpp ... LIBRARIES lib ... [FIXTURE a_fixture.hpp]): one GoogleTest program for one
# module. A fixture that all its sources include, and that includes half of the module, is parsed once. The tests
# themselves are compiled without optimisation, which halves the time that takes; what they test is as the preset says.
set(COCKPIT_TEST_OPTIONS -O0)
function(cockpit_test name)
  cmake_parse_arguments(ARG "" "FIXTURE" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE
    cockpit_options Boost::headers Threads::Threads ${ARG_LIBRARIES} GTest::gmock_main)
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_compile_options(${name} PRIVATE ${COCKPIT_TEST_OPTIONS})
  if(ARG_FIXTURE)
    target_precompile_headers(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests/pch.hpp" ${ARG_FIXTURE})
  else()
    cockpit_reuse_pch(${name} cockpit_test_pch)
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()

# cockpit_fuzz(name SOURCES a.cpp ... LIBRARIES lib ...): a libFuzzer program, build/fuzz/fuzz/NAME. Run it as
#   build/fuzz/fuzz/NAME -max_total_time=60 NEW_CORPUS_DIR tests/fuzz/corpus/NAME
function(cockpit_fuzz name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(fuzz_${name} ${ARG_SOURCES})
  target_link_libraries(fuzz_${name} PRIVATE cockpit_options Boost::headers Threads::Threads ${ARG_LIBRARIES})
  target_include_directories(fuzz_${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  cockpit_reuse_pch(fuzz_${name} cockpit_pch)
  set_target_properties(fuzz_${name} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/fuzz")
endfunction()
