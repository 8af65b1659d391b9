#include "crypto/secret_box.hpp"

#include <sodium.h>

#include <algorithm>
#include <stdexcept>

#include "crypto/encoding.hpp"
#include "crypto/random.hpp"

namespace cockpit::crypto {
namespace {

constexpr std::size_t nonce_size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_size = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* as_bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

SecretBox::SecretBox(std::string_view key) {
    if (key.size() != key_.size()) throw std::invalid_argument("the key of a box has 32 bytes");
    std::ranges::copy(key, key_.begin());
}

SecretBox::~SecretBox() {
    sodium_memzero(key_.data(), key_.size());
}

std::string SecretBox::seal(std::string_view secret, std::string_view place) const {
    const auto nonce = random_bytes(nonce_size);
    std::string sealed(secret.size() + tag_size, '\0');
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        reinterpret_cast<unsigned char*>(sealed.data()), nullptr, as_bytes(secret), secret.size(),
        as_bytes(place), place.size(), nullptr, as_bytes(nonce), key_.data());
    return to_base64(nonce + sealed);
}

std::optional<std::string> SecretBox::open(std::string_view sealed, std::string_view place) const {
    const auto bytes = from_base64(sealed);
    if (!bytes || bytes->size() < nonce_size + tag_size) return std::nullopt;
    const auto body = std::string_view(*bytes).substr(nonce_size);
    std::string secret(body.size() - tag_size, '\0');
    const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
        reinterpret_cast<unsigned char*>(secret.data()), nullptr, nullptr, as_bytes(body),
        body.size(), as_bytes(place), place.size(), as_bytes(*bytes), key_.data());
    if (failed != 0) return std::nullopt;
    return secret;
}

}  // namespace cockpit::crypto
