#include "redis/tls_library.hpp"

#include <dlfcn.h>

namespace cockpit::redis {
namespace {

std::expected<TlsLibrary, std::string> look_up() {
    // Never closed: OpenSSL registers what runs at the end of the process.
    void* handle = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        return std::unexpected(
            "TLS to Redis needs OpenSSL 3, which is not installed (libssl.so.3); install the "
            "package "
            "libssl3, or unset REDIS_TLS");
    }
    TlsLibrary library;
    const char* missing = nullptr;
    // A lookup by libssl's handle also searches libcrypto, on which it depends.
#define COCKPIT_TLS_LOOK_UP(name)                                             \
    library.name = reinterpret_cast<decltype(&::name)>(dlsym(handle, #name)); \
    if (library.name == nullptr) missing = #name;
    COCKPIT_TLS_FUNCTIONS(COCKPIT_TLS_LOOK_UP)
#undef COCKPIT_TLS_LOOK_UP
    if (missing != nullptr) {
        return std::unexpected(std::string("the installed libssl.so.3 lacks ") + missing +
                               "; install OpenSSL 3.0 or later (package libssl3)");
    }
    return library;
}

}  // namespace

std::expected<const TlsLibrary*, std::string> TlsLibrary::load() {
    static std::expected<TlsLibrary, std::string> library = look_up();
    // Somebody may install it while we run: a failure is not kept.
    if (!library) library = look_up();
    if (!library) return std::unexpected(library.error());
    return &*library;
}

}  // namespace cockpit::redis
