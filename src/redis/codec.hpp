#pragma once
// RESP2 between bytes and values. No socket. Decoding is hiredis' reader (0.14), with our own
// objects built in place of its replies.

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "redis/settings.hpp"
#include "redis/value.hpp"

struct redisReader;

namespace cockpit::redis {

/// Appends the command as Redis expects it. Written by hand rather than by redisFormatCommandArgv,
/// which allocates for each command: here the commands of one turn gather in one buffer.
void encode(const Command& command, std::string& out);

/// Takes bytes as they come and gives values when they are whole. After an error it gives nothing
/// but that error: the connection is of no use any more.
class Decoder {
  public:
    struct Limits {
        std::size_t bytes = 64U << 20;    ///< of one answer, on the wire
        std::size_t elements = 1U << 20;  ///< of one answer, nested ones counted
    };
    explicit Decoder(Limits limits);
    Decoder() : Decoder(Limits{}) {}
    ~Decoder();
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    void feed(std::string_view bytes);
    /// The next whole value, nothing when more bytes are needed, or why these bytes cannot be an
    /// answer (a sentence). Arrays may nest seven deep, hiredis' bound.
    std::expected<std::optional<Value>, std::string> next();

  private:
    struct Builder;
    struct Free {
        void operator()(redisReader* reader) const;
    };

    Limits limits_;
    std::unique_ptr<redisReader, Free> reader_;
    Value root_;
    std::size_t elements_ = 0;
    std::size_t fed_ = 0;  ///< bytes since the answer that is being read began
    std::optional<std::string> error_;
};

}  // namespace cockpit::redis
