#pragma once
// The status line and header fields of an answer as bytes (RFC 9112, section 4). Pure, but for the
// clock that DateText reads.

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "server/http/message.hpp"

namespace cockpit::http {

/// "Not Found" for 404; "Unknown" for a status without a name.
std::string_view reason_phrase(int status);

/// The time as a Date header has it (IMF-fixdate, RFC 9110, section 5.6.7).
std::string format_date(std::time_t time);

/// The current date, formatted at most once a second.
class DateText {
  public:
    const std::string& now();

  private:
    std::time_t formatted_at_ = -1;
    std::string text_;
};

enum class ConnectionHeader { none, keep_alive, close };

/// How the end of the body is told (RFC 9112, section 6).
enum class Framing { length, chunked, until_close };

/// Whether the answer can be written as it is: a status from 200 to 599, header names of token
/// characters, no line break or NUL in a value. What is not is a mistake of the handler, perhaps
/// provoked by a client.
bool is_well_formed(const Response& response);

/// Whether an answer of this status has a body at all (RFC 9110, section 6.4.1).
bool has_body(int status);

/// Appends the head, up to and with the empty line. Content-Length is that of the body, also where
/// the body is left out because the method was HEAD.
void append_head(std::string& out, const Response& response, std::string_view request_id,
                 std::string_view date, ConnectionHeader connection,
                 Framing framing = Framing::length);

/// Appends the size line of a chunk (RFC 9112, section 7.1).
void append_chunk_size(std::string& out, std::size_t bytes);

}  // namespace cockpit::http
