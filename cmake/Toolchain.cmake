# The language, the compilers we accept, and what a build type means.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "GCC ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines (double frees of temporaries in co_await "
    "expressions). Use clang-19 (apt-get install clang-19 lld-19; ./dev does it) or GCC 13 and later.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(cockpit_options INTERFACE)
target_compile_options(cockpit_options INTERFACE
  -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Woverloaded-virtual -Wunused-result
  -Wno-missing-field-initializers -Werror=return-type -Werror=unused-result)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # GCC has no -Wdangling group, and its -Wshadow also reports constructor parameters.
  target_compile_options(cockpit_options INTERFACE -Wshadow -Werror=dangling)
  add_link_options(-fuse-ld=lld)
else()
  target_compile_options(cockpit_options INTERFACE -Wno-interference-size)
endif()
target_include_directories(cockpit_options INTERFACE "${PROJECT_SOURCE_DIR}/src")
target_compile_definitions(cockpit_options INTERFACE
  COCKPIT_VERSION="${PROJECT_VERSION}"
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION)

set(COCKPIT_SANITIZE "" CACHE STRING "Sanitizers of this build, as -fsanitize takes them")
if(COCKPIT_SANITIZE)
  add_compile_options(-fsanitize=${COCKPIT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${COCKPIT_SANITIZE})
  # Asio's own memory recycling would hide a use after free from the sanitizer.
  add_compile_definitions(BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING
                          BOOST_ASIO_DISABLE_SMALL_BLOCK_RECYCLING)
endif()

# The agent's size matters more than the last per cent of its speed; the release preset sets this.
option(COCKPIT_SMALL_AGENT "Link the agent semi-static, with unused sections removed" OFF)
if(COCKPIT_SMALL_AGENT)
  # One level for all, since all share one precompiled header and clang wants the levels to agree. The server's
  # loss is below what could be measured: docs/performance.md.
  set(CMAKE_CXX_FLAGS_RELEASE "-Os -DNDEBUG")
  add_compile_options(-ffunction-sections -fdata-sections)
  set(Boost_USE_STATIC_LIBS ON)
endif()
