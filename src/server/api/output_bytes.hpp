#pragma once
// A command's output as bytes: what the server keeps, or what the host's spool holds.

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/api/output_source.hpp"
#include "server/http/message.hpp"

namespace cockpit::api {

/// A range of bytes that a client asked for (RFC 9110, section 14.1.2): the last byte is meant,
/// too.
struct ByteRange {
    std::optional<std::int64_t> first;  ///< nothing: the last `last` bytes
    std::optional<std::int64_t> last;
};
/// Nothing for what is no single range of bytes: such a header is ignored (section 14.2).
std::optional<ByteRange> parse_byte_range(std::string_view header);
/// First byte and one past the last one, of `total` bytes; nothing: none of them is there.
std::optional<std::pair<std::int64_t, std::int64_t>> resolve(const ByteRange& range,
                                                             std::int64_t total);

/// The kept bytes, with a mark where some are missing.
std::shared_ptr<http::BodyStream> kept_output(const OutputPorts& ports, OutputFacts facts);

/// Exactly the kept bytes [begin, end), or the first of them where that is much. The error is a
/// sentence: bytes of the range are missing, or the store failed.
boost::asio::awaitable<std::expected<std::string, std::string>> kept_range(OutputPorts ports,
                                                                           OutputFacts facts,
                                                                           std::int64_t begin,
                                                                           std::int64_t end);

/// Bytes of the host's spool from `begin`, which `first_piece` answers, to `end`, asked for piece
/// by piece while they are sent. Without an end: all that there is, with a mark where some are
/// missing. Throws, and so cuts the connection, when the host stops answering, and where bytes of a
/// range are missing.
std::shared_ptr<http::BodyStream> spooled_output(const OutputPorts& ports, OutputFacts facts,
                                                 std::int64_t begin,
                                                 dispatch::OutputPiece first_piece,
                                                 std::optional<std::int64_t> end);
boost::asio::awaitable<dispatch::OutputLog::Fetched> fetch_output(const OutputPorts& ports,
                                                                  const OutputFacts& facts,
                                                                  std::int64_t offset,
                                                                  std::int64_t length);

}  // namespace cockpit::api
