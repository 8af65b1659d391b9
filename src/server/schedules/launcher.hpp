#pragma once
// What schedules start. schedules owns this port; app.cpp maps each kind to who can do it.

#include <boost/json/object.hpp>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/await_callback.hpp"

namespace cockpit::schedules {

enum class Kind { command, run, deployment };
std::string_view to_text(Kind kind);
std::optional<Kind> parse_kind(std::string_view text);

class Launcher {
  public:
    virtual ~Launcher() = default;
    /// What is wrong with the request, whoever launches it when: asked when a schedule is written.
    virtual std::optional<std::string> objection(const boost::json::object& request) const = 0;
    /// Answers the id of what was started, or a sentence. A second launch with the same `key` must
    /// start nothing and answer the same id.
    virtual void launch(Kind kind, boost::json::object request, std::string by, std::string key,
                        runtime::Callback<std::expected<std::string, std::string>> done) = 0;
    /// Whether what launch() answered has not ended yet; a sentence when nobody can say.
    virtual void still_runs(Kind kind, std::string id,
                            runtime::Callback<std::expected<bool, std::string>> done) = 0;
};

/// Kinds that are not there are not available in this server.
using Launchers = std::map<Kind, Launcher*>;

}  // namespace cockpit::schedules
