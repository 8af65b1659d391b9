#pragma once
// How many read live at once, of outputs and of deployments: each holds a connection and looks into
// the database every now and then. One thread.

#include <memory>
#include <optional>
#include <string>

#include "server/http/message.hpp"

namespace cockpit::api {

class StreamSlots {
  public:
    explicit StreamSlots(int most) : most_(most), taken_(std::make_shared<int>(0)) {}

    /// A place, given back when the last copy of it goes; null: there is none left.
    std::shared_ptr<void> take() {
        if (*taken_ >= most_) return nullptr;
        ++*taken_;
        return {taken_.get(), [taken = taken_](void*) { --*taken; }};
    }
    /// The answer to who finds none.
    http::Response none_left() const {
        auto response =
            http::problem(503, "as many read live as this server allows (" + std::to_string(most_) +
                                   ", MAX_OUTPUT_STREAMS): try again in a moment");
        response.headers.emplace_back("Retry-After", "5");
        return response;
    }

  private:
    int most_;
    std::shared_ptr<int> taken_;
};

}  // namespace cockpit::api
