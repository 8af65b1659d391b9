// How the agent shows itself: registry, hello, heartbeat, and its leave.
#include <boost/asio/awaitable.hpp>

#include "agent/transport/agent_transport.hpp"
#include "log/log.hpp"
#include "runtime/with_deadline.hpp"

namespace cockpit::agent_transport {
namespace {

constexpr std::string_view heartbeat_channel = "cockpit:heartbeats";

}  // namespace

std::vector<redis::Command> AgentTransport::announcement(bool by_stream, Presence presence) {
    const auto counts = executor_->counts();
    last_hello_ms_ = std::max(clock_.wall_ms(), last_hello_ms_ + 1);
    auto hello = make_hello(settings_.identity, key_.public_key(), counts, last_hello_ms_);
    hello.leaving = presence == Presence::offline;
    if (!accepted_ && settings_.join_token) {
        hello.join = prove_join(*settings_.join_token, settings_.identity.agent, key_.public_key());
    }
    const auto entry = sign(protocol::EntryKind::hello, protocol::encode(hello), key_);
    std::vector<redis::Command> commands{
        registry_fields(settings_.identity, key_.public_key(), counts, presence, clock_.wall_ms()),
        registry_expiry(settings_.identity),
        {"PUBLISH", std::string(heartbeat_channel), protocol::to_channel_message(entry)}};
    if (by_stream) commands.push_back(add_to_results(entry));
    told_ = counts;
    last_told_ms_ = clock_.steady_ms();
    return commands;
}

void AgentTransport::announce(bool by_stream, Presence presence) {
    if (!client_up_ || stopped_) return;
    client_->send_all(announcement(by_stream, presence),
                      [self = std::weak_ptr(self_)](redis::Answers answers) {
                          const auto alive = self.lock();
                          if (alive && *alive != nullptr) {
                              (*alive)->complain("this agent register itself", answers);
                          }
                      });
}

void AgentTransport::arm_heartbeat() {
    heartbeat_.expires_after(std::chrono::seconds(settings_.identity.heartbeat_s));
    heartbeat_.async_wait([this](const boost::system::error_code& failed) {
        if (failed || stopped_) return;
        announce(!accepted_, Presence::online);
        read_stream("-");
        arm_heartbeat();
    });
}

void AgentTransport::set_commands(std::vector<protocol::CommandSchema> commands) {
    settings_.identity.commands = std::move(commands);
    // Without a connection the next one begins with a hello that tells it.
    if (client_up_ && subscriber_up_) announce(true, Presence::online);
}

void AgentTransport::note_change() {
    if (stopped_ || executor_ == nullptr || telling_) return;
    const auto counts = executor_->counts();
    if (counts.running == told_.running && counts.executed == told_.executed) return;
    telling_ = true;
    const auto pause = std::max<std::int64_t>(
        last_told_ms_ + settings_.change_pause.count() - clock_.steady_ms(), 0);
    tell_.expires_after(std::chrono::milliseconds(pause));
    tell_.async_wait([this](const boost::system::error_code& failed) {
        if (failed || stopped_) return;
        telling_ = false;
        announce(false, Presence::online);
        // A change while Redis is away is told with the hello at the next connect.
        if (!client_up_) told_ = executor_->counts();
    });
}

void AgentTransport::hello_answered(const protocol::Ack& answer) {
    if (answer.accepted) {
        if (!std::exchange(accepted_, true)) log::info("the server accepts this agent");
        return;
    }
    accepted_ = false;
    log::error("the server does not accept this agent; trying again with each heartbeat",
               {{"reason", answer.detail}, {"key_id", key_.public_key().id()}});
}

boost::asio::awaitable<void> AgentTransport::stop(std::chrono::milliseconds patience) {
    heartbeat_.cancel();
    tidy_.cancel();
    tell_.cancel();
    if (client_up_ && !stopped_) {
        while (!outbox_.empty())
            flush();
        flush();
        // Answers come in order: once this one is there, all that was sent before has arrived.
        auto farewell = announcement(true, Presence::offline);
        stopped_ = true;
        const auto answered = co_await runtime::with_deadline(
            std::chrono::steady_clock::now() + patience, client_->execute_all(std::move(farewell)));
        if (!answered || !*answered) {
            log::warning("Redis did not hear that this agent leaves; its entry will expire");
        }
    }
    stopped_ = true;
    co_await subscriber_->stop();
    co_await client_->stop();
}

}  // namespace cockpit::agent_transport
