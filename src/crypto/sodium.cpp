#include "crypto/sodium.hpp"

#include <sodium.h>

#include <stdexcept>

namespace cockpit::crypto {

void initialize() {
    if (sodium_init() < 0)
        throw std::runtime_error("libsodium cannot start: no source of randomness");
}

}  // namespace cockpit::crypto
