#include "redis/connection_state.hpp"

#include <string_view>

namespace cockpit::redis {
namespace {

bool starts_with(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
}

/// Redis takes only printable characters without spaces as a name.
std::string acceptable_name(std::string name) {
    for (char& c : name) {
        if (c < '!' || c > '~') c = '-';
    }
    return name;
}

}  // namespace

std::string describe(const Settings& settings) {
    if (settings.unix_socket) return "Redis at " + *settings.unix_socket;
    const bool v6 = settings.host.find(':') != std::string::npos;
    return "Redis at " + (v6 ? "[" + settings.host + "]" : settings.host) + ":" +
           std::to_string(settings.port);
}

ConnectionState::ConnectionState(const Settings& settings)
    : settings_(settings), backoff_(settings.backoff_first, settings.backoff_cap) {}

void ConnectionState::connect() {
    if (phase_ == Phase::idle || phase_ == Phase::pausing) phase_ = Phase::connecting;
}

std::vector<Command> ConnectionState::connected() {
    if (phase_ != Phase::connecting) return {};
    phase_ = Phase::handshaking;
    std::vector<Command> commands;
    asked_.clear();
    answered_ = 0;
    const auto ask = [&](Ask what, Command command) {
        asked_.push_back(what);
        commands.push_back(std::move(command));
    };
    if (settings_.password && settings_.username) {
        ask(Ask::auth, {"AUTH", *settings_.username, *settings_.password});
    } else if (settings_.password) {
        ask(Ask::auth, {"AUTH", *settings_.password});
    }
    if (settings_.database != 0) {
        ask(Ask::select, {"SELECT", std::to_string(settings_.database)});
    }
    if (!settings_.client_name.empty()) {
        ask(Ask::set_name, {"CLIENT", "SETNAME", acceptable_name(settings_.client_name)});
    }
    ask(Ask::ping, {"PING"});
    return commands;
}

std::expected<bool, std::string> ConnectionState::handshake_answer(const Value& answer,
                                                                   std::int64_t now) {
    if (phase_ != Phase::handshaking || answered_ >= asked_.size()) return false;
    const Ask ask = asked_[answered_++];
    if (const ErrorReply* error = answer.if_error()) {
        // A user who may not PING or name himself may still do all that he is for.
        const bool harmless =
            (ask == Ask::set_name || ask == Ask::ping) && starts_with(error->message, "NOPERM");
        const bool name_only = ask == Ask::set_name && starts_with(error->message, "ERR");
        if (!harmless && !name_only) return std::unexpected(refusal(ask, error->message));
    }
    if (answered_ < asked_.size()) return false;
    phase_ = Phase::up;
    up_since_ = now;
    tell(std::nullopt);
    return true;
}

std::chrono::milliseconds ConnectionState::lost(std::string why, std::int64_t now, double random) {
    if (phase_ == Phase::stopped) return std::chrono::milliseconds(0);
    if (phase_ == Phase::up && now - up_since_ >= settings_.backoff_cap.count()) backoff_.reset();
    phase_ = Phase::pausing;
    tell(std::move(why));
    return backoff_.next(random);
}

void ConnectionState::tell(News news) {
    // The outer layer by hand: optional's own comparison looks through both.
    if (told_.has_value() && *told_ == news) return;
    told_.emplace(news);
    news_.emplace(std::move(news));
}

std::optional<ConnectionState::News> ConnectionState::take_news() {
    return std::exchange(news_, std::nullopt);
}

std::string ConnectionState::refusal(Ask ask, const std::string& message) const {
    const std::string redis = describe(settings_);
    if (starts_with(message, "WRONGPASS")) {
        if (settings_.username) {
            return redis + " refused the user " + *settings_.username +
                   " or the password; check REDIS_USERNAME and REDIS_PASSWORD";
        }
        return redis + " refused the password; check REDIS_PASSWORD";
    }
    if (starts_with(message, "NOAUTH")) {
        return redis + " asks for a password; set REDIS_PASSWORD";
    }
    if (starts_with(message, "LOADING")) return redis + " is still loading its data";
    if (starts_with(message, "DENIED")) {
        return redis +
               " is in protected mode and talks to its own machine only; give Redis a password "
               "and set REDIS_PASSWORD";
    }
    if (ask == Ask::auth) {
        if (message.find("without any password") != std::string::npos) {
            return redis + " has no password, but one was given; unset REDIS_PASSWORD";
        }
        // Only the first word: what follows may repeat the arguments.
        return redis + " refused to log us in (" + message.substr(0, message.find(' ')) +
               "); check REDIS_USERNAME and REDIS_PASSWORD";
    }
    if (ask == Ask::select) {
        const std::string database = std::to_string(settings_.database);
        if (starts_with(message, "NOPERM")) {
            return redis + " does not let us select database " + database +
                   "; allow the user +select or set REDIS_DB=0";
        }
        return redis + " has no database " + database + "; check REDIS_DB (" + message + ")";
    }
    return redis + " refused to talk to us: " + message;
}

}  // namespace cockpit::redis
