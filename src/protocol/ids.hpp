#pragma once
// Identifiers as distinct types: an AgentId cannot be passed where a CommandId is meant, and each
// one that exists is well formed. Values are immutable; copying copies a string.

#include <compare>
#include <expected>
#include <functional>
#include <string>
#include <string_view>

namespace cockpit::protocol {

/// The name of one host's agent. 1 to 255 characters of A-Z a-z 0-9 . _ -, the first one a letter
/// or a digit: it becomes part of Redis keys and channels, so no glob character, colon or control
/// character.
class AgentId {
  public:
    /// The error is a sentence that says what is wrong and what would be right.
    static std::expected<AgentId, std::string> parse(std::string_view text);
    const std::string& text() const { return text_; }
    auto operator<=>(const AgentId&) const = default;

  private:
    explicit AgentId(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

/// A UUID in its 36 character form (RFC 9562), lower case. Made by the server, never twice.
class CommandId {
  public:
    static std::expected<CommandId, std::string> parse(std::string_view text);
    /// A version 4 UUID from 16 random bytes; bits of version and variant are set here.
    static CommandId from_random_bytes(const unsigned char (&bytes)[16]);
    const std::string& text() const { return text_; }
    auto operator<=>(const CommandId&) const = default;

  private:
    explicit CommandId(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

/// One try of one command: what runs at most once on a host.
struct AttemptId {
    CommandId command;
    int attempt = 1;
    auto operator<=>(const AttemptId&) const = default;
};

}  // namespace cockpit::protocol

template <>
struct std::hash<cockpit::protocol::AgentId> {
    std::size_t operator()(const cockpit::protocol::AgentId& id) const noexcept {
        return std::hash<std::string>{}(id.text());
    }
};
template <>
struct std::hash<cockpit::protocol::CommandId> {
    std::size_t operator()(const cockpit::protocol::CommandId& id) const noexcept {
        return std::hash<std::string>{}(id.text());
    }
};
