#pragma once
// Signing keys (Ed25519, RFC 8032). A PublicKey is a value to copy; a SigningKey holds a secret,
// wipes it when it dies, and is moved, never copied. Signing and verifying take some 50 µs and are
// pure.

#include <array>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

namespace cockpit::crypto {

class PublicKey {
  public:
    /// The error is a sentence. Refuses what is not base64 of 32 bytes.
    static std::expected<PublicKey, std::string> from_base64(std::string_view text);
    std::string to_base64() const;
    /// A short name for the key: the first 16 hexadecimal digits of its SHA-256.
    std::string id() const;
    /// Whether `signature` (base64) is this key's over `message`. False for ill-formed signatures.
    bool verifies(std::string_view message, std::string_view signature) const;
    bool operator==(const PublicKey&) const = default;

  private:
    friend class SigningKey;
    PublicKey() = default;
    std::array<unsigned char, 32> bytes_{};
};

class SigningKey {
  public:
    static SigningKey generate();

    /// Reads the key from `file`; makes it there first, readable by its owner only (0600), when the
    /// file does not exist. A new key is on disk (synced, renamed into place) before this returns.
    /// The error is a sentence with the path: unreadable, not a key, or open to other users.
    static std::expected<SigningKey, std::string> load_or_create(const std::filesystem::path& file);

    const PublicKey& public_key() const { return public_key_; }
    /// Base64.
    std::string sign(std::string_view message) const;
    /// A symmetric key for another purpose, always the same for the same purpose; tells nothing of
    /// this key nor of those for other purposes (BLAKE2b keyed with the seed, RFC 7693).
    std::array<unsigned char, 32> derive_key(std::string_view purpose) const;

    SigningKey(SigningKey&& other) noexcept;
    SigningKey& operator=(SigningKey&&) = delete;
    ~SigningKey();

  private:
    explicit SigningKey(const std::array<unsigned char, 32>& seed);
    std::array<unsigned char, 64> secret_{};
    PublicKey public_key_;
};

}  // namespace cockpit::crypto
