#include "server/auth/password_rules.hpp"

#include <gmock/gmock.h>

#include <set>

namespace cockpit::auth {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST(PasswordRules, TwelveCharactersAreEnough) {
    EXPECT_TRUE(check_new_password("vera", "correct-horse"));
    EXPECT_TRUE(check_new_password("vera", "abcdefghijkl"));
}

TEST(PasswordRules, AShortOneIsRefusedWithItsLength) {
    const auto refused = check_new_password("vera", "abcdefghijk");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), "a password has at least 12 characters; this one has 11");
}

TEST(PasswordRules, CharactersAreCountedNotBytes) {
    // Eleven times two bytes.
    EXPECT_FALSE(check_new_password("vera", "ääääääääääö"));
    EXPECT_TRUE(check_new_password("vera", "äääääääääääö"));
}

TEST(PasswordRules, TheUserNameAndARepeatedCharacterAreRefused) {
    EXPECT_THAT(check_new_password("administrator", "Administrator").error(),
                HasSubstr("must not be the user name"));
    EXPECT_THAT(check_new_password("vera", "aaaaaaaaaaaaaaa").error(),
                HasSubstr("one character repeated"));
}

TEST(PasswordRules, ALongOneIsRefusedBeforeItCostsAnything) {
    EXPECT_THAT(check_new_password("vera", std::string(1025, 'a')).error(),
                HasSubstr("at most 1024 bytes"));
}

TEST(GeneratedPassword, FollowsTheRulesAndIsNeverTheSame) {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const auto password = generate_password();
        EXPECT_THAT(password, MatchesRegex("[a-km-np-z2-9]{24}"));
        EXPECT_TRUE(check_new_password("admin", password));
        seen.insert(password);
    }
    EXPECT_EQ(seen.size(), 100u);
}

}  // namespace
}  // namespace cockpit::auth
