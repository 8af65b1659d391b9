#pragma once
// The agent's two connections to Redis: one subscribed to its channel, one for everything else
// (design §3). Takes work to the executor and its reports to the server; keeps the registry hash
// and the heartbeat. Connects and reconnects by itself; nothing here waits for Redis to be there.
//
// One thread.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "agent/executor/executor.hpp"
#include "agent/executor/reports.hpp"
#include "agent/transport/identity.hpp"
#include "agent/transport/outbox.hpp"
#include "crypto/keys.hpp"
#include "redis/client.hpp"
#include "runtime/clock.hpp"

namespace cockpit::agent_transport {

struct Settings {
    redis::Settings redis;
    Identity identity;
    std::optional<std::string> join_token;
    std::size_t results_bound = 100'000;  ///< about how many entries cockpit:results keeps
    std::size_t answers_bound = 100;  ///< answers of the original's wire kept while Redis is away
    std::chrono::milliseconds tidy_after{250};  ///< stream copies go so long after the publication
    std::chrono::milliseconds change_pause{1000};  ///< changes are told at most so often
};

class AgentTransport final : public executor::Reports {
  public:
    /// `key` and `clock` must outlive it.
    AgentTransport(boost::asio::any_io_executor io, Settings settings,
                   const crypto::SigningKey& key, const runtime::Clock& clock);
    ~AgentTransport() override;

    /// Connects. The executor must outlive the call of stop().
    void start(executor::Executor& executor);

    /// What this host can do has changed: the server is told at once, by the stream.
    void set_commands(std::vector<protocol::CommandSchema> commands);

    /// The executor's counts may have changed: tells the registry soon.
    void note_change();

    /// Sends what is left, says that the agent leaves (within `patience`, if Redis is there),
    /// disconnects. Call once, and await it, after start().
    boost::asio::awaitable<void> stop(std::chrono::milliseconds patience);

    bool connected() const { return client_up_; }
    /// Whether the server has accepted this agent's hello since the start, and not refused it
    /// since.
    bool accepted() const { return accepted_; }

    void report(const protocol::Received& news) override;
    void report(const protocol::Started& news) override;
    void report(const protocol::Finished& news) override;
    void report(const protocol::Refused& news) override;
    void report(const protocol::Output& news) override;
    void answer_original(const protocol::original::Response& response) override;
    void hello_answered(const protocol::Ack& answer) override;

  private:
    void on_client(std::optional<std::string> down_because);
    void on_subscriber(std::optional<std::string> down_because);
    void on_both_up();
    void on_message(std::string_view payload);

    void read_stream(std::string from);
    void on_stream(const redis::Answer& answer);
    void take_stream_entry(const std::string& id,
                           const std::vector<std::pair<std::string, std::string>>& fields);
    void forget_copy(std::string id);
    void tidy_soon();

    void announce(bool by_stream, Presence presence);
    std::vector<redis::Command> announcement(bool by_stream, Presence presence);
    void arm_heartbeat();
    redis::Command add_to_results(const protocol::Entry& entry) const;
    void flush_soon();
    void flush();
    void complain(std::string_view what, const redis::Answers& answers);

    boost::asio::any_io_executor io_;
    Settings settings_;
    const crypto::SigningKey& key_;
    const runtime::Clock& clock_;
    executor::Executor* executor_ = nullptr;
    std::string channel_;
    std::string answer_channel_;
    std::string stream_;

    bool client_up_ = false;
    bool subscriber_up_ = false;
    bool accepted_ = false;
    bool flushing_ = false;
    bool reading_ = false;
    bool read_again_ = false;
    bool tidying_ = false;
    bool telling_ = false;
    bool stopped_ = false;
    std::int64_t last_hello_ms_ = 0;
    std::int64_t last_told_ms_ = 0;  ///< steady
    executor::Executor::Counts told_;

    Outbox outbox_;
    std::deque<std::string> answers_;          ///< of the original's wire, encoded
    std::deque<protocol::Entry> fetched_;      ///< answers to fetches, signed
    redis::Command deletions_;                 ///< stream ids that may go
    std::unordered_set<std::string> in_hand_;  ///< stream ids whose entry is not settled
    std::deque<std::string>
        published_;  ///< signatures that came by the channel, their copy still to come

    boost::asio::steady_timer heartbeat_;
    boost::asio::steady_timer tidy_;
    boost::asio::steady_timer tell_;
    std::unique_ptr<redis::Client> client_;
    std::unique_ptr<redis::Subscriber> subscriber_;
    std::shared_ptr<AgentTransport*> self_;  ///< late callbacks find nobody once we are gone
};

}  // namespace cockpit::agent_transport
