#include "cli/event_stream.hpp"

#include <utility>

namespace cockpit::cli {

std::vector<Event> EventStream::feed(std::string_view bytes) {
    std::vector<Event> events;
    for (const char c : bytes) {
        if (c == '\r') continue;
        if (c != '\n') {
            line_ += c;
            continue;
        }
        const auto line = std::exchange(line_, {});
        if (line.empty()) {
            if (!event_.data.empty()) events.push_back(event_);
            event_ = {};
            continue;
        }
        const auto colon = line.find(':');
        const auto name = line.substr(0, colon);
        auto value = colon == std::string::npos ? std::string() : line.substr(colon + 1);
        if (value.starts_with(' ')) value.erase(0, 1);
        if (name == "event") event_.type = value;
        if (name == "id") event_.id = value;
        if (name == "data") event_.data += (event_.data.empty() ? "" : "\n") + value;
    }
    return events;
}

}  // namespace cockpit::cli
