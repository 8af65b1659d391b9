#pragma once
// A command's output as server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html). The id of an event is the
// offset after it, so that Last-Event-ID says where to go on; ids of a later attempt are
// `attempt:offset`.

#include <boost/asio/any_io_executor.hpp>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "server/api/output_source.hpp"
#include "server/http/message.hpp"

namespace cockpit::api {

struct OutputPosition {
    int attempt = 1;
    std::int64_t offset = 0;
};
/// The error is a sentence for whoever sent it.
std::expected<OutputPosition, std::string> parse_event_id(std::string_view id);
std::string event_id(const OutputPosition& position);

/// Goes on until the command has ended and all of its output was sent, or a minute after its end.
/// `occupied` is let go with the stream: it counts the readers.
std::shared_ptr<http::BodyStream> output_events(const boost::asio::any_io_executor& io,
                                                const OutputPorts& ports, protocol::CommandId id,
                                                OutputPosition from, bool attempt_was_given,
                                                std::shared_ptr<void> occupied);

}  // namespace cockpit::api
