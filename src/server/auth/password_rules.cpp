#include "server/auth/password_rules.hpp"

#include <algorithm>

#include "crypto/random.hpp"

namespace cockpit::auth {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_but_for_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::size_t characters(std::string_view utf8) {
    return static_cast<std::size_t>(std::ranges::count_if(
        utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

std::expected<void, std::string> check_new_password(std::string_view username,
                                                    std::string_view password) {
    if (password.size() > max_password_bytes) {
        return std::unexpected("a password has at most " + std::to_string(max_password_bytes) +
                               " bytes");
    }
    if (same_but_for_case(username, password)) {
        return std::unexpected("a password must not be the user name");
    }
    const auto length = characters(password);
    if (length < min_password_length) {
        return std::unexpected("a password has at least " + std::to_string(min_password_length) +
                               " characters; this one has " + std::to_string(length));
    }
    if (std::ranges::all_of(password, [&](char c) { return c == password.front(); })) {
        return std::unexpected("a password must not be one character repeated");
    }
    return {};
}

std::string generate_password() {
    static constexpr std::string_view alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
    static_assert(alphabet.size() == 32, "five bits choose a character without bias");
    auto password = crypto::random_bytes(24);
    for (char& c : password)
        c = alphabet[static_cast<unsigned char>(c) & 31];
    return password;
}

}  // namespace cockpit::auth
