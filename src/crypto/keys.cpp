#include "crypto/keys.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"

namespace cockpit::crypto {
namespace {

const unsigned char* as_bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::unexpected<std::string> failure(std::string_view what, const std::filesystem::path& file) {
    return std::unexpected(std::string(what) + " '" + file.string() + "': " + std::strerror(errno));
}

enum class Written { made, was_there };

// Written aside and linked into place, so that a crash leaves either no key or a whole one and of
// two programs that start at once the second finds the key of the first; the directory is synced
// too, or the name could vanish with the power.
std::expected<Written, std::string> write_secret_file(const std::filesystem::path& file,
                                                      std::string_view text) {
    const auto aside = file.string() + ".new." + std::to_string(::getpid());
    // What a crash left behind may be readable by others, and must not lend its mode to a key.
    ::unlink(aside.c_str());
    const int fd = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return failure("cannot create the key file", file);
    const bool written =
        ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::fsync(fd) == 0;
    const bool linked = written && ::link(aside.c_str(), file.c_str()) == 0;
    const int why = errno;
    ::close(fd);
    ::unlink(aside.c_str());
    if (!linked && written && why == EEXIST) return Written::was_there;
    if (!linked) {
        errno = why;
        return failure("cannot write the key file", file);
    }
    const auto directory = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    const int dir = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir >= 0) {
        ::fsync(dir);
        ::close(dir);
    }
    return Written::made;
}

}  // namespace

std::expected<PublicKey, std::string> PublicKey::from_base64(std::string_view text) {
    const auto bytes = crypto::from_base64(text);
    PublicKey key;
    if (!bytes || bytes->size() != key.bytes_.size()) {
        return std::unexpected("a public key is 32 bytes in base64, 44 characters");
    }
    std::ranges::copy(*bytes, key.bytes_.begin());
    return key;
}

std::string PublicKey::to_base64() const {
    return crypto::to_base64({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()});
}

std::string PublicKey::id() const {
    const auto digest = sha256({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()});
    return to_hex(std::string_view(digest).substr(0, 8));
}

bool PublicKey::verifies(std::string_view message, std::string_view signature) const {
    const auto bytes = crypto::from_base64(signature);
    return bytes && bytes->size() == crypto_sign_BYTES &&
           crypto_sign_verify_detached(as_bytes(*bytes), as_bytes(message), message.size(),
                                       bytes_.data()) == 0;
}

SigningKey::SigningKey(const std::array<unsigned char, 32>& seed) {
    crypto_sign_seed_keypair(public_key_.bytes_.data(), secret_.data(), seed.data());
}

SigningKey::SigningKey(SigningKey&& other) noexcept
    : secret_(other.secret_), public_key_(other.public_key_) {
    sodium_memzero(other.secret_.data(), other.secret_.size());
}

SigningKey::~SigningKey() {
    sodium_memzero(secret_.data(), secret_.size());
}

SigningKey SigningKey::generate() {
    std::array<unsigned char, 32> seed;
    randombytes_buf(seed.data(), seed.size());
    SigningKey key(seed);
    sodium_memzero(seed.data(), seed.size());
    return key;
}

std::expected<SigningKey, std::string> SigningKey::load_or_create(
    const std::filesystem::path& file) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        if (errno != ENOENT) return failure("cannot read the key file", file);
        auto key = generate();
        // The first half of libsodium's secret key is the seed it was made from.
        auto text =
            crypto::to_base64({reinterpret_cast<const char*>(key.secret_.data()), 32}) + "\n";
        const auto written = write_secret_file(file, text);
        sodium_memzero(text.data(), text.size());
        if (!written) return std::unexpected(written.error());
        if (*written == Written::was_there) return load_or_create(file);
        return key;
    }
    struct stat status{};
    char text[64];
    const bool known = ::fstat(fd, &status) == 0;
    const ssize_t length = ::read(fd, text, sizeof text);
    const int why = errno;
    ::close(fd);
    if (!known || length < 0) {
        errno = why;
        return failure("cannot read the key file", file);
    }
    if ((status.st_mode & 077) != 0) {
        return std::unexpected("the key file '" + file.string() +
                               "' can be read by other users: chmod 600 it, and replace the key if "
                               "somebody may have seen it");
    }
    std::string_view content(text, static_cast<std::size_t>(length));
    const bool whole = content.size() < sizeof text;
    while (content.ends_with('\n'))
        content.remove_suffix(1);
    auto bytes = crypto::from_base64(content);
    sodium_memzero(text, sizeof text);
    if (!whole || !bytes || bytes->size() != 32) {
        return std::unexpected("the key file '" + file.string() +
                               "' holds no key: it must be one line, 32 bytes in base64");
    }
    std::array<unsigned char, 32> seed;
    std::ranges::copy(*bytes, seed.begin());
    sodium_memzero(bytes->data(), bytes->size());
    SigningKey key(seed);
    sodium_memzero(seed.data(), seed.size());
    return key;
}

std::array<unsigned char, 32> SigningKey::derive_key(std::string_view purpose) const {
    std::array<unsigned char, 32> key;
    // The first half of libsodium's secret key is the seed.
    crypto_generichash(key.data(), key.size(), as_bytes(purpose), purpose.size(), secret_.data(),
                       32);
    return key;
}

std::string SigningKey::sign(std::string_view message) const {
    std::string signature(crypto_sign_BYTES, '\0');
    crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr,
                         as_bytes(message), message.size(), secret_.data());
    return crypto::to_base64(signature);
}

}  // namespace cockpit::crypto
