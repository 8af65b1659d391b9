#include "server/notify/delivery_form.hpp"

#include <gmock/gmock.h>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"

namespace cockpit::notify {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t now_ms = 1'700'000'000'123;

std::string header(const Outgoing& outgoing, std::string_view name) {
    for (const auto& [key, value] : outgoing.headers) {
        if (key == name) return value;
    }
    return "<absent>";
}

const Message message{.delivery_id = "d-1",
                      .event = "command.ended",
                      .body = R"({"id":"e","text":"echo on web-1 ended: error"})"};

// RFC 4231, test case 2: the key and the text, cut at a dot that we add.
TEST(DeliveryForm, TheSignatureIsHmacSha256) {
    EXPECT_EQ(crypto::to_hex(crypto::hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(
        signature_of("Jefe", "what do ya want for nothing?", ""),
        "sha256=" + crypto::to_hex(crypto::hmac_sha256("Jefe", "what do ya want for nothing?.")));
}

TEST(DeliveryForm, AWebhookGetsTheEventSigned) {
    const auto out =
        compose(message, {.kind = TargetKind::webhook, .url = "u", .secret = "s"}, now_ms);
    EXPECT_EQ(out.body, message.body);
    EXPECT_EQ(header(out, "X-Cockpit-Event"), "command.ended");
    EXPECT_EQ(header(out, "X-Cockpit-Delivery"), "d-1");
    EXPECT_EQ(header(out, "X-Cockpit-Timestamp"), "1700000000");
    EXPECT_EQ(header(out, "X-Cockpit-Signature"), signature_of("s", "1700000000", message.body));
    EXPECT_EQ(header(out, "Content-Type"), "application/json");
}

TEST(DeliveryForm, SlackGetsTheSentence) {
    const auto out = compose(message, {.kind = TargetKind::slack, .url = "u"}, now_ms);
    EXPECT_EQ(out.body, R"({"text":"echo on web-1 ended: error"})");
    EXPECT_EQ(header(out, "X-Cockpit-Signature"), "<absent>");
}

TEST(DeliveryForm, AMailIsWellFormed) {
    const auto out = compose(message,
                             {.kind = TargetKind::email,
                              .addresses = {"a@x.org", "b@x.org"},
                              .mail_from = "cockpit@y.org"},
                             now_ms);
    EXPECT_EQ(out.recipients, (std::vector<std::string>{"a@x.org", "b@x.org"}));
    EXPECT_THAT(out.body, AllOf(HasSubstr("Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"),
                                HasSubstr("From: Cockpit <cockpit@y.org>\r\n"),
                                HasSubstr("To: a@x.org,\r\n b@x.org\r\n"),
                                HasSubstr("Subject: [cockpit] echo on web-1 ended: error\r\n"),
                                HasSubstr("Message-ID: <d-1@y.org>\r\n")));
    const auto body = out.body.substr(out.body.find("\r\n\r\n") + 4);
    std::string encoded;
    for (const char c : body) {
        if (c != '\r' && c != '\n') encoded += c;
    }
    EXPECT_EQ(crypto::from_base64(encoded), "echo on web-1 ended: error\n\n" + message.body + "\n");
}

TEST(DeliveryForm, TextCannotAddHeadersToAMail) {
    const Message evil{.delivery_id = "d",
                       .event = "test",
                       .body = R"({"text":"x\r\nBcc: v@z.org\r\n\u00e4\u00e4"})"};
    const auto out = compose(
        evil, {.kind = TargetKind::email, .addresses = {"a@x"}, .mail_from = "c@y"}, now_ms);
    EXPECT_THAT(out.body, AllOf(Not(HasSubstr("Bcc: ")), HasSubstr("Subject: =?UTF-8?B?")));
}

}  // namespace
}  // namespace cockpit::notify
