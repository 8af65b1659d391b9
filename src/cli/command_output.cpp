#include "cli/command_output.hpp"

#include <unistd.h>

#include <boost/json/parse.hpp>
#include <chrono>
#include <iostream>
#include <thread>

#include "cli/event_stream.hpp"
#include "cli/failure.hpp"
#include "cli/terminal.hpp"
#include "crypto/encoding.hpp"

namespace cockpit::cli {
namespace json = boost::json;
namespace {

constexpr int most_tries = 10;

void write(LinePrefix& prefix, std::string_view bytes) {
    static const bool terminal = ::isatty(STDOUT_FILENO) == 1;
    std::cout << prefix.add(terminal ? printable(bytes) : std::string(bytes)) << std::flush;
}

}  // namespace

std::string LinePrefix::add(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (!in_line_) out += prefix_;
        out += c;
        in_line_ = c != '\n';
    }
    return out;
}

std::string LinePrefix::finish() {
    return std::exchange(in_line_, false) ? "\n" : "";
}

std::string follow_output(Session& session, const std::string& command_id,
                          std::optional<std::string> host) {
    LinePrefix prefix(host ? coloured(*host + " | ", Colour::dim) : "");
    const auto path = std::string(base) + "/commands/" + command_id + "/output";
    std::string last_id;
    std::string state;
    bool ended = false;
    for (int tries = 0; !ended; ++tries) {
        EventStream events;
        ApiClient::Headers headers{{"Accept", "text/event-stream"}};
        if (!last_id.empty()) headers["Last-Event-ID"] = last_id;
        try {
            session.api.stream(path, headers, [&](std::string_view bytes) {
                for (const auto& event : events.feed(bytes)) {
                    tries = 0;
                    if (!event.id.empty()) last_id = event.id;
                    const auto data = json::parse(event.data).as_object();
                    if (event.type == "output")
                        write(prefix, crypto::from_base64(text_at(data, "data")).value_or(""));
                    if (event.type == "hole")
                        write(prefix, "\n[... " + std::to_string(number_at(data, "bytes")) +
                                          " bytes are missing here ...]\n");
                    if (event.type == "state" || event.type == "end")
                        state = text_at(data, "status");
                    ended = ended || event.type == "end";
                }
                return !ended;
            });
        } catch (const Failure& failure) {
            // A server that is being restarted is waited for, once it was there.
            if (last_id.empty() || failure.code == Exit::not_permitted || tries >= most_tries)
                throw;
        }
        if (!ended && tries >= most_tries) {
            throw Failure(Exit::unreachable, "the connection broke again and again",
                          "the command goes on: cockpitctl logs -f " + command_id);
        }
        if (!ended) std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
    std::cout << prefix.finish() << std::flush;
    return state;
}

void show_output(Session& session, const std::string& command_id, std::optional<std::string> host) {
    LinePrefix prefix(host ? coloured(*host + " | ", Colour::dim) : "");
    session.api.stream(std::string(base) + "/commands/" + command_id + "/output", {},
                       [&](std::string_view bytes) {
                           write(prefix, bytes);
                           return true;
                       });
    std::cout << prefix.finish() << std::flush;
}

}  // namespace cockpit::cli
