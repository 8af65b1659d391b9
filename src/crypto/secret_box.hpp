#pragma once
// Secrets at rest: what the database holds is of no use without the server's key file.
//
// XChaCha20-Poly1305 (libsodium's crypto_aead_xchacha20poly1305_ietf) with a random nonce. The
// place (table and row, say) is authenticated beside the secret, so that a sealed text copied to
// another row does not open there. Const members may be called from any thread.

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace cockpit::crypto {

class SecretBox {
  public:
    /// `key` is 32 bytes: SigningKey::derive makes one. Throws std::invalid_argument for others.
    explicit SecretBox(std::string_view key);
    SecretBox(const SecretBox&) = delete;
    SecretBox& operator=(const SecretBox&) = delete;
    ~SecretBox();

    /// Base64 of nonce and sealed bytes; different each time.
    std::string seal(std::string_view secret, std::string_view place) const;
    /// Nothing for what was not sealed with this key for this place.
    std::optional<std::string> open(std::string_view sealed, std::string_view place) const;

  private:
    std::array<unsigned char, 32> key_;
};

}  // namespace cockpit::crypto
