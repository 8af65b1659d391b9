#pragma once

#include <string>
#include <string_view>

namespace cockpit::crypto {

/// Argon2id (RFC 9106) with 64 MiB and 2 passes: some 50 ms and 64 MiB a call, so never on the loop
/// thread. The result is text that carries its own parameters and salt.
std::string hash_password(std::string_view password);

/// False for a wrong password and for text that is no password hash. As slow as hash_password.
bool verify_password(std::string_view hash, std::string_view password);

}  // namespace cockpit::crypto
