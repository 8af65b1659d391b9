#include "crypto/random.hpp"

#include <sodium.h>

namespace cockpit::crypto {

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    randombytes_buf(bytes.data(), bytes.size());
    return bytes;
}

void fill_random(std::span<unsigned char> bytes) {
    randombytes_buf(bytes.data(), bytes.size());
}

}  // namespace cockpit::crypto
