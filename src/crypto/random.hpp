#pragma once

#include <cstddef>
#include <string>

#include <span>

namespace cockpit::crypto {

/// Bytes nobody can guess, from the system's generator.
std::string random_bytes(std::size_t count);
void fill_random(std::span<unsigned char> bytes);

}  // namespace cockpit::crypto
