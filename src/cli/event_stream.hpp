#pragma once
// Server-sent events out of bytes as they come (WHATWG HTML, 9.2.6, as far as our server uses it).
// Pure.

#include <string>
#include <string_view>
#include <vector>

namespace cockpit::cli {

struct Event {
    std::string type;
    std::string data;
    std::string id;  ///< empty: it has none
};

class EventStream {
  public:
    /// The events that these bytes complete.
    std::vector<Event> feed(std::string_view bytes);

  private:
    std::string line_;
    Event event_;
};

}  // namespace cockpit::cli
