#pragma once
// The life of a connection without the connection: connect → handshake → up → lost → pause → again.
// Pure: whoever does the I/O tells what happened and is told what comes next. Table tests stand
// beside it.
//
// The handshake is AUTH, SELECT and CLIENT SETNAME where the settings ask for them, then PING,
// which proves that we may talk (a server that asks for a password or loads its data says so only
// when asked something).

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "redis/backoff.hpp"
#include "redis/settings.hpp"
#include "redis/value.hpp"

namespace cockpit::redis {

class ConnectionState {
  public:
    enum class Phase { idle, connecting, handshaking, up, pausing, stopped };

    /// `settings` must outlive it.
    explicit ConnectionState(const Settings& settings);

    Phase phase() const { return phase_; }

    /// idle or pausing → connecting.
    void connect();
    /// connecting → handshaking. The commands to send, all at once.
    std::vector<Command> connected();
    /// The next answer of the handshake. True: that was the last one and the connection is up. An
    /// error is the sentence for lost(): it names the setting to mend, and never holds the
    /// password.
    std::expected<bool, std::string> handshake_answer(const Value& answer, std::int64_t now);
    /// connecting, handshaking or up → pausing. How long to pause. A connection that was up for
    /// less than the longest pause did not prove good: the pauses go on growing. `random` in [0,
    /// 1).
    std::chrono::milliseconds lost(std::string why, std::int64_t now, double random);
    /// Any → stopped, for good.
    void stop() { phase_ = Phase::stopped; }

    /// What the listener has not been told yet: nothing inside means up, a sentence means down. The
    /// same sentence is not told twice in a row.
    using News = std::optional<std::string>;
    std::optional<News> take_news();

  private:
    enum class Ask { auth, select, set_name, ping };
    std::string refusal(Ask ask, const std::string& message) const;

    const Settings& settings_;
    Phase phase_ = Phase::idle;
    std::vector<Ask> asked_;
    std::size_t answered_ = 0;
    Backoff backoff_;
    std::int64_t up_since_ = 0;
    void tell(News news);

    std::optional<News> told_;
    std::optional<News> news_;
};

}  // namespace cockpit::redis
