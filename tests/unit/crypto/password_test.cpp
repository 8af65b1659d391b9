#include "crypto/password.hpp"

#include <gtest/gtest.h>

#include "crypto/sodium.hpp"

namespace cockpit::crypto {
namespace {

using namespace std::string_literals;

TEST(Password, is_verified_by_its_hash_only) {
    initialize();
    const auto hash = hash_password("correct horse ä");
    EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=65536,t=2,p=1$")) << hash;
    EXPECT_FALSE(hash.contains("horse"));
    EXPECT_TRUE(verify_password(hash, "correct horse ä"));
    for (const auto& wrong :
         {""s, "correct horse"s, "Correct horse ä"s, "correct horse ä "s, "correct horse ä\0"s}) {
        EXPECT_FALSE(verify_password(hash, wrong)) << wrong;
    }
    EXPECT_NE(hash_password("correct horse ä"), hash);  // another salt
}

TEST(Password, takes_any_bytes) {
    initialize();
    for (const auto& password : {""s, "a\0b"s, "\xff\xfe"s, std::string(5000, 'x')}) {
        const auto hash = hash_password(password);
        EXPECT_TRUE(verify_password(hash, password));
        EXPECT_FALSE(verify_password(hash, password + "x"));
    }
}

TEST(Password, text_that_is_no_hash_verifies_nothing) {
    initialize();
    for (const auto& hash : {""s, "secret"s, "$argon2id$"s, "$argon2id$v=19$m=65536,t=2,p=1$"s,
                             std::string(10'000, '$'), "$2b$12$abcdefghijklmnopqrstuv"s}) {
        EXPECT_FALSE(verify_password(hash, "secret")) << hash;
        EXPECT_FALSE(verify_password(hash, "")) << hash;
    }
}

}  // namespace
}  // namespace cockpit::crypto
