#include "server/notify/delivery_form.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "server/notify/times.hpp"

namespace cockpit::notify {
namespace json = boost::json;
namespace {

std::string text_of(const std::string& body) {
    json::error_code failed;
    const auto value = json::parse(body, failed);
    if (!failed && value.is_object()) {
        const auto* text = value.get_object().if_contains("text");
        if (text != nullptr && text->is_string()) return std::string(text->get_string());
    }
    return body;
}

// RFC 2047: pure ASCII as it is; else encoded words of at most 75 characters, cut between
// characters of UTF-8.
std::string header_text(const std::string& text) {
    bool plain = text.size() <= 200;
    for (const char c : text)
        plain = plain && c >= ' ' && c < 0x7f;
    if (plain) return text;
    constexpr std::size_t bytes_in_a_word = 45;
    std::string words;
    for (std::size_t at = 0; at < text.size();) {
        auto end = std::min(at + bytes_in_a_word, text.size());
        while (end < text.size() && end > at + 1 && (text[end] & 0xc0) == 0x80)
            --end;
        if (!words.empty()) words += "\r\n ";
        words += "=?UTF-8?B?" + crypto::to_base64(text.substr(at, end - at)) + "?=";
        at = end;
    }
    return words;
}

// RFC 2045, section 6.8: lines of at most 76 characters.
std::string mail_base64(const std::string& text) {
    const auto encoded = crypto::to_base64(text);
    std::string lines;
    for (std::size_t at = 0; at < encoded.size(); at += 76)
        lines += encoded.substr(at, 76) + "\r\n";
    return lines;
}

// RFC 5322. The body is base64, so nothing in it can end the message or make a line too long.
std::string mail(const Message& message, const Destination& destination, std::int64_t now_ms) {
    const auto text = text_of(message.body);
    std::string to;
    for (const auto& address : destination.addresses)
        to += (to.empty() ? "" : ",\r\n ") + address;
    const auto at = destination.mail_from.find('@');
    const auto domain =
        at == std::string::npos ? std::string("localhost") : destination.mail_from.substr(at + 1);
    auto end = std::min<std::size_t>(150, text.size());
    while (end > 0 && end < text.size() && (text[end] & 0xc0) == 0x80)
        --end;
    const auto subject = "[cockpit] " + text.substr(0, end);
    return "Date: " + mail_time(now_ms) + "\r\nFrom: Cockpit <" + destination.mail_from +
           ">\r\nTo: " + to + "\r\nSubject: " + header_text(subject) + "\r\nMessage-ID: <" +
           message.delivery_id + "@" + domain + ">\r\nX-Cockpit-Delivery: " + message.delivery_id +
           "\r\nX-Cockpit-Event: " + message.event +
           "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
           "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
           mail_base64(text + "\n\n" + message.body + "\n");
}

}  // namespace

std::string signature_of(std::string_view secret, std::string_view timestamp,
                         std::string_view body) {
    std::string signed_text(timestamp);
    signed_text.append(".").append(body);
    return "sha256=" + crypto::to_hex(crypto::hmac_sha256(secret, signed_text));
}

Outgoing compose(const Message& message, const Destination& destination, std::int64_t now_ms) {
    Outgoing outgoing{.kind = destination.kind, .url = destination.url};
    if (destination.kind == TargetKind::email) {
        outgoing.recipients = destination.addresses;
        outgoing.body = mail(message, destination, now_ms);
        return outgoing;
    }
    outgoing.headers = {{"Content-Type", "application/json"},
                        {"X-Cockpit-Event", message.event},
                        {"X-Cockpit-Delivery", message.delivery_id}};
    if (destination.kind == TargetKind::slack) {
        outgoing.body = json::serialize(json::object{{"text", text_of(message.body)}});
        return outgoing;
    }
    const auto timestamp = std::to_string(now_ms / 1000);
    outgoing.body = message.body;
    outgoing.headers.emplace_back("X-Cockpit-Timestamp", timestamp);
    outgoing.headers.emplace_back("X-Cockpit-Signature",
                                  signature_of(destination.secret, timestamp, message.body));
    return outgoing;
}

}  // namespace cockpit::notify
