#include "crypto/keys.hpp"

#include <gtest/gtest.h>

#include "crypto/encoding.hpp"
#include "crypto/sodium.hpp"

namespace cockpit::crypto {
namespace {

struct Keys : testing::Test {
    static void SetUpTestSuite() { initialize(); }
    const SigningKey key = SigningKey::generate();
};

TEST_F(Keys, a_signature_is_good_for_its_message_and_key_only) {
    const auto signature = key.sign("message");
    EXPECT_TRUE(key.public_key().verifies("message", signature));
    EXPECT_FALSE(key.public_key().verifies("message ", signature));
    EXPECT_FALSE(key.public_key().verifies("", signature));
    EXPECT_FALSE(SigningKey::generate().public_key().verifies("message", signature));
    EXPECT_EQ(key.sign("message"), signature);
    EXPECT_TRUE(key.public_key().verifies("", key.sign("")));
}

TEST_F(Keys, one_changed_byte_spoils_it) {
    const std::string message = "cockpit/1 a message of some length";
    const auto signature = key.sign(message);
    const auto raw = from_base64(signature).value();
    ASSERT_EQ(raw.size(), 64U);
    for (std::size_t i = 0; i < raw.size(); ++i) {
        for (const unsigned char flip : {0x01, 0x80}) {
            auto tampered = raw;
            tampered[i] = static_cast<char>(static_cast<unsigned char>(tampered[i]) ^ flip);
            EXPECT_FALSE(key.public_key().verifies(message, to_base64(tampered))) << i;
        }
    }
    for (std::size_t i = 0; i < message.size(); ++i) {
        auto tampered = message;
        tampered[i] = static_cast<char>(tampered[i] ^ 1);
        EXPECT_FALSE(key.public_key().verifies(tampered, signature)) << i;
    }
}

TEST_F(Keys, ill_formed_signatures_are_just_false) {
    const auto signature = key.sign("m");
    for (const auto& text :
         {std::string(), std::string("x"), signature + "\n", signature.substr(1),
          signature.substr(0, signature.size() - 2), to_base64(std::string(63, 'a')),
          to_base64(std::string(65, 'a')), to_base64(std::string(64, '\0'))}) {
        EXPECT_FALSE(key.public_key().verifies("m", text)) << text;
    }
}

// RFC 8032, section 7.1, test 2: a key and a signature that we did not make.
TEST_F(Keys, verifies_the_vector_of_rfc_8032) {
    const auto key_bytes = from_base64("PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=").value();
    const auto public_key = PublicKey::from_base64(to_base64(key_bytes)).value();
    EXPECT_EQ(to_hex(key_bytes),
              "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    const std::string signature =
        "kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsM"
        "AA==";
    EXPECT_TRUE(public_key.verifies("\x72", signature));
    EXPECT_FALSE(public_key.verifies("\x73", signature));
}

TEST_F(Keys, a_public_key_is_44_characters_of_base64) {
    const auto text = key.public_key().to_base64();
    EXPECT_EQ(text.size(), 44U);
    EXPECT_EQ(PublicKey::from_base64(text), key.public_key());
    for (const auto& wrong : {std::string(), std::string("key"), text + "=", text.substr(1),
                              to_base64(std::string(31, 'a')), to_base64(std::string(33, 'a'))}) {
        EXPECT_EQ(PublicKey::from_base64(wrong).error(),
                  "a public key is 32 bytes in base64, 44 characters");
    }
}

TEST_F(Keys, a_public_key_has_a_short_name) {
    // The SHA-256 of 32 zero bytes.
    const auto zeros = PublicKey::from_base64(to_base64(std::string(32, '\0'))).value();
    EXPECT_EQ(zeros.id(), "66687aadf862bd77");
    EXPECT_NE(key.public_key().id(), zeros.id());
    EXPECT_EQ(key.public_key().id().size(), 16U);
}

TEST_F(Keys, a_key_that_moves_goes_on_signing) {
    auto first = SigningKey::generate();
    const auto public_key = first.public_key();
    const SigningKey second(std::move(first));
    EXPECT_EQ(second.public_key(), public_key);
    EXPECT_TRUE(public_key.verifies("m", second.sign("m")));
}

TEST_F(Keys, what_is_sealed_only_the_holder_of_the_secret_half_opens) {
    for (const std::string text : {std::string("secret"), std::string(), std::string("a\0b", 3)}) {
        const auto sealed = key.public_key().seal(text);
        ASSERT_TRUE(sealed) << sealed.error();
        EXPECT_EQ(key.open(*sealed), text);
        EXPECT_NE(*sealed, *key.public_key().seal(text)) << "each box is another one";
        EXPECT_FALSE(SigningKey::generate().open(*sealed));
        auto altered = *from_base64(*sealed);
        altered.back() = static_cast<char>(altered.back() ^ 1);
        EXPECT_FALSE(key.open(to_base64(altered)));
    }
    for (const auto* text : {"", "AAAA", "no base64"})
        EXPECT_FALSE(key.open(text));
}

TEST_F(Keys, nothing_is_sealed_to_what_is_no_key) {
    const auto weak = PublicKey::from_base64(to_base64(std::string(32, '\0')));
    ASSERT_TRUE(weak);
    EXPECT_EQ(weak->seal("x").error(), "its public key is not a point that can be encrypted to");
}

TEST_F(Keys, derived_secrets_differ_by_key_and_purpose) {
    EXPECT_EQ(key.derive("a").size(), 32U);
    EXPECT_EQ(key.derive("a"), key.derive("a"));
    EXPECT_NE(key.derive("a"), key.derive("b"));
    EXPECT_NE(key.derive("a"), SigningKey::generate().derive("a"));
}

}  // namespace
}  // namespace cockpit::crypto
