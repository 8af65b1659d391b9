# Everything comes from the distribution's packages; `./dev` installs them.

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(PkgConfig REQUIRED)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(date REQUIRED)

# A static twin of a packaged C library, for the agent, which is copied to hosts that have only libc.
function(cockpit_static_twin target archive package)
  find_library(${target}_ARCHIVE ${archive} REQUIRED)
  add_library(${target} INTERFACE)
  target_link_libraries(${target} INTERFACE ${${target}_ARCHIVE} Threads::Threads)
  target_include_directories(${target} SYSTEM INTERFACE ${${package}_INCLUDE_DIRS})
endfunction()
cockpit_static_twin(cockpit_hiredis libhiredis.a HIREDIS)
cockpit_static_twin(cockpit_sodium libsodium.a SODIUM)
