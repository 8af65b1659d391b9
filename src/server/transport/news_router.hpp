#pragma once
// From an entry of the wire to the rule that handles it: decodes the body, checks the signature
// against the key of the host that the body names, and hands it to Dispatcher or Admission. What
// does not verify changes nothing; it is counted and logged, not too often.
//
// No sockets; one thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/envelope.hpp"
#include "runtime/clock.hpp"
#include "server/dispatch/admission.hpp"
#include "server/dispatch/agent_directory.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/dispatch/output_log.hpp"

namespace cockpit::transport {

class NewsRouter {
  public:
    NewsRouter(const runtime::Clock& clock, const dispatch::AgentDirectory& directory,
               dispatch::Admission& admission, dispatch::Dispatcher& dispatcher,
               dispatch::OutputLog& output);

    /// An entry of cockpit:results. `settled(true)`: it need not be read again. What is ill-formed
    /// or does not verify is settled at once: reading it again would change nothing.
    void on_result(const protocol::Entry& entry, runtime::Callback<bool> settled);

    /// A message of cockpit:heartbeats.
    void on_heartbeat(std::string_view message);

    /// A message of cockpit-agent-response:{id}; `agent` is the channel's last part.
    void on_original_response(std::string_view agent, std::string_view message);

    /// A message of cockpit:ended: another server's word, or anybody's, that a command has ended.
    /// It is no news in itself: it makes this server look where it cares.
    void on_ended(std::string_view command_id);

    /// A message of cockpit:output: there is new output of a command. No news in itself, either.
    void on_output_elsewhere(std::string_view command_id);

    /// A message of cockpit:fetched: a host's answer to some server's Fetch.
    void on_fetched(std::string_view message);

    std::int64_t rejected() const { return rejected_; }

  private:
    bool verifies(const protocol::Entry& entry, const std::string& public_key) const;
    void on_hello(const protocol::Entry& entry, bool answer, runtime::Callback<bool> settled);
    void reject(std::string_view from, std::string_view why);
    /// The body, if it is signed by the key of the host that it names.
    template <typename Body>
    std::optional<Body> verified(const protocol::Entry& entry, protocol::Decoded<Body> body);
    template <typename Body>
    void deliver(const protocol::Entry& entry, protocol::Decoded<Body> body,
                 void (dispatch::Dispatcher::*handle)(const Body&, runtime::Callback<bool>),
                 runtime::Callback<bool> settled);

    const runtime::Clock& clock_;
    const dispatch::AgentDirectory& directory_;
    dispatch::Admission& admission_;
    dispatch::Dispatcher& dispatcher_;
    dispatch::OutputLog& output_;
    std::int64_t rejected_ = 0;
    std::int64_t logged_ms_ = 0;
};

}  // namespace cockpit::transport
