#include "crypto/secret_box.hpp"

#include <gtest/gtest.h>

#include "crypto/keys.hpp"

namespace cockpit::crypto {
namespace {

TEST(SecretBox, OpensWhatItSealedForThatPlace) {
    const SecretBox box(SigningKey::generate().derive("test"));
    const auto sealed = box.seal("a secret", "row 1");
    EXPECT_EQ(sealed.find("a secret"), std::string::npos);
    EXPECT_EQ(box.open(sealed, "row 1"), "a secret");
    EXPECT_EQ(box.open(sealed, "row 2"), std::nullopt);
    EXPECT_EQ(box.open(box.seal("", "row 1"), "row 1"), "");
    EXPECT_NE(box.seal("a secret", "row 1"), sealed) << "each sealing has a nonce of its own";
}

TEST(SecretBox, RefusesWhatWasChangedOrIsNone) {
    const SecretBox box(SigningKey::generate().derive("test"));
    auto sealed = box.seal("a secret", "row");
    sealed[40] = sealed[40] == 'A' ? 'B' : 'A';
    EXPECT_EQ(box.open(sealed, "row"), std::nullopt);
    EXPECT_EQ(box.open("", "row"), std::nullopt);
    EXPECT_EQ(box.open("no base64!", "row"), std::nullopt);
    EXPECT_EQ(box.open("AAAA", "row"), std::nullopt);
}

TEST(SecretBox, TheKeyComesFromTheSigningKeyAndThePurpose) {
    const auto key = SigningKey::generate();
    const SecretBox mine(key.derive("a"));
    const SecretBox same(key.derive("a"));
    const SecretBox other(SigningKey::generate().derive("a"));
    EXPECT_EQ(same.open(mine.seal("x", "p"), "p"), "x");
    EXPECT_EQ(other.open(mine.seal("x", "p"), "p"), std::nullopt);
}

}  // namespace
}  // namespace cockpit::crypto
