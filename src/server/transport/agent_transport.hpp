#pragma once
// The server's end of the wire: dispatch's link to the hosts over Redis.
//
// Three connections: one that sends (pipelined), one that waits for results (a blocking read of
// cockpit:results), one subscribed (heartbeats, answers of original agents), all mending
// themselves; the sending one also asks who listens. All on one thread.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/keys.hpp"
#include "redis/client.hpp"
#include "redis/stream_entries.hpp"
#include "runtime/clock.hpp"
#include "runtime/task_scope.hpp"
#include "server/dispatch/agent_directory.hpp"
#include "server/dispatch/agent_link.hpp"
#include "server/transport/entry_signer.hpp"
#include "server/transport/news_router.hpp"

namespace cockpit::transport {

struct TransportSettings {
    redis::Settings redis;
    std::string consumer;  ///< this server's name in the group; stable over restarts of one server
    std::chrono::milliseconds presence_interval{2'500};   ///< how often Redis is asked who listens
    std::chrono::milliseconds registry_interval{10'000};  ///< how often the registry is read
};

class AgentTransport final : public dispatch::AgentLink {
  public:
    /// `key` and `directory` must outlive it.
    AgentTransport(boost::asio::any_io_executor executor, TransportSettings settings,
                   const runtime::Clock& clock, const crypto::SigningKey& key,
                   dispatch::AgentDirectory& directory);
    ~AgentTransport() override;

    /// Begins; news goes to `router`, which must live until stop() is done.
    void start(NewsRouter& router);
    boost::asio::awaitable<void> stop();

    /// Nothing when Redis answers, or why it does not, for readiness.
    std::optional<std::string> down_because() const { return down_because_; }

    struct Usage {
        std::optional<std::int64_t> memory_bytes;     ///< of Redis; nothing where we may not ask
        std::optional<std::int64_t> results_waiting;  ///< entries that no server has settled
    };
    /// Asks Redis; nothing when it does not answer.
    boost::asio::awaitable<std::optional<Usage>> usage();

    void send(const protocol::Run& run, runtime::Callback<dispatch::Receivers> done) override;
    void send(const protocol::Cancel& cancel) override;
    void send(const protocol::Ack& ack) override;
    void send(const protocol::Fetch& fetch) override;
    void announce_output(const protocol::CommandId& id) override;
    void announce_end(const protocol::CommandId& id) override;
    void take_permit(const protocol::AgentId& agent, const dispatch::RateLimit& limit,
                     runtime::Callback<std::optional<std::int64_t>> done) override;
    void send_original(const protocol::AgentId& agent, const protocol::original::Command& command,
                       runtime::Callback<dispatch::Receivers> done) override;

  private:
    void send_entry(const protocol::AgentId& agent, const protocol::Entry& entry,
                    runtime::Callback<dispatch::Receivers> done);
    void on_link(std::optional<std::string> down_because);
    void on_message(std::string_view channel, std::string_view payload);

    boost::asio::awaitable<void> read_results();
    boost::asio::awaitable<void> read_backlog();
    boost::asio::awaitable<std::optional<std::string>> read_batch(std::string from_id,
                                                                  std::chrono::milliseconds wait);
    boost::asio::awaitable<void> handle(std::vector<redis::StreamEntry> entries);
    boost::asio::awaitable<void> watch_presence();
    boost::asio::awaitable<void> ask_presence();
    boost::asio::awaitable<void> watch_registry();
    boost::asio::awaitable<void> read_registry();
    boost::asio::awaitable<void> claim_abandoned();
    boost::asio::awaitable<void> pause(std::chrono::milliseconds time);

    boost::asio::any_io_executor executor_;
    const TransportSettings settings_;
    const runtime::Clock& clock_;
    EntrySigner signer_;
    dispatch::AgentDirectory& directory_;
    NewsRouter* router_ = nullptr;
    std::unique_ptr<redis::Client> commands_;
    std::unique_ptr<redis::Client> results_;
    std::unique_ptr<redis::Subscriber> events_;
    bool rate_refused_ = false;  ///< Redis will not run the script, and that was logged
    std::optional<std::string> down_because_ = "not connected to Redis yet";
    bool unsettled_ = false;  ///< something read must be read again
    runtime::TaskScope tasks_;
};

}  // namespace cockpit::transport
