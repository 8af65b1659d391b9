#pragma once
// Hashes and message authentication. Pure functions; results are raw bytes.

#include <memory>
#include <string>
#include <string_view>

namespace cockpit::crypto {

/// SHA-256 (FIPS 180-4), 32 bytes.
std::string sha256(std::string_view bytes);

/// The same of bytes that come one after the other. Movable.
class Sha256 {
  public:
    Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    ~Sha256();

    void add(std::string_view bytes);
    /// Of all that was added so far, 32 bytes; more may be added afterwards.
    std::string digest() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// HMAC-SHA-256 (RFC 2104), 32 bytes, for a key of any length.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

/// Compares secrets in time that does not depend on where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace cockpit::crypto
