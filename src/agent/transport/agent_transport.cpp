#include "agent/transport/agent_transport.hpp"

#include <boost/asio/post.hpp>

#include "log/log.hpp"
#include "protocol/original.hpp"
#include "redis/stream_entries.hpp"

namespace cockpit::agent_transport {
namespace asio = boost::asio;
namespace {

constexpr std::string_view results_stream = "cockpit:results";
constexpr std::string_view fetched_channel = "cockpit:fetched";
constexpr std::size_t entries_per_read = 128;
constexpr std::size_t entries_per_flush = 256;
constexpr std::size_t published_bound = 1024;

redis::Settings with_name(redis::Settings settings, const std::string& name) {
    settings.client_name = name;
    return settings;
}

}  // namespace

AgentTransport::AgentTransport(asio::any_io_executor io, Settings settings,
                               const crypto::SigningKey& key, const runtime::Clock& clock)
    : io_(std::move(io)),
      settings_(std::move(settings)),
      key_(key),
      clock_(clock),
      channel_("cockpit-agent:" + settings_.identity.agent.text()),
      answer_channel_("cockpit-agent-response:" + settings_.identity.agent.text()),
      stream_("cockpit:commands:" + settings_.identity.agent.text()),
      heartbeat_(io_),
      tidy_(io_),
      tell_(io_),
      client_(redis::Client::create(
          io_, with_name(settings_.redis, "cockpit-agent:" + settings_.identity.agent.text()))),
      subscriber_(redis::Subscriber::create(
          io_, with_name(settings_.redis, "cockpit-agent-sub:" + settings_.identity.agent.text()))),
      self_(std::make_shared<AgentTransport*>(this)) {}

AgentTransport::~AgentTransport() {
    *self_ = nullptr;
}

void AgentTransport::start(executor::Executor& executor) {
    executor_ = &executor;
    subscriber_->subscribe(channel_);
    subscriber_->start([this](std::optional<std::string> why) { on_subscriber(std::move(why)); },
                       [this](std::string_view, std::string_view payload) { on_message(payload); });
    client_->start([this](std::optional<std::string> why) { on_client(std::move(why)); });
    arm_heartbeat();
}

void AgentTransport::on_client(std::optional<std::string> down_because) {
    if (down_because) {
        if (std::exchange(client_up_, false) || stopped_) {
            log::warning("the connection to Redis is lost", {{"reason", *down_because}});
        } else {
            log::warning("Redis cannot be reached; trying again", {{"reason", *down_because}});
        }
        // What was read may be read again: whatever was not deleted is still there.
        in_hand_.clear();
        deletions_.clear();
        reading_ = false;
        return;
    }
    log::info("connected to Redis");
    client_up_ = true;
    on_both_up();
}

void AgentTransport::on_subscriber(std::optional<std::string> down_because) {
    if (down_because) {
        if (std::exchange(subscriber_up_, false)) {
            log::warning("the subscription at Redis is lost; commands come by the stream meanwhile",
                         {{"reason", *down_because}});
        } else {
            log::debug("no subscription at Redis yet", {{"reason", *down_because}});
        }
        return;
    }
    subscriber_up_ = true;
    on_both_up();
}

// The hello goes out once we listen: the server counts our subscription as the sign that we are
// here.
void AgentTransport::on_both_up() {
    if (stopped_ || !client_up_ || !subscriber_up_) return;
    announce(true, Presence::online);
    read_stream("-");
    executor_->on_link_up();
    flush_soon();
}

void AgentTransport::on_message(std::string_view payload) {
    if (stopped_) return;
    if (payload.size() > 2 * (1 << 20)) {
        log::warning("a message on the command channel is too large and was dropped",
                     {{"bytes", payload.size()}});
        return;
    }
    const auto entry = protocol::entry_from_channel_message(payload);
    if (!entry) {
        executor_->take_original(payload);
        return;
    }
    executor_->take(*entry, executor::Way::channel,
                    [self = std::weak_ptr(self_), signature = entry->signature] {
                        const auto alive = self.lock();
                        if (!alive || *alive == nullptr) return;
                        auto& transport = **alive;
                        transport.published_.push_back(signature);
                        if (transport.published_.size() > published_bound) {
                            transport.published_.pop_front();
                        }
                        transport.tidy_soon();
                    });
}

void AgentTransport::tidy_soon() {
    if (std::exchange(tidying_, true)) return;
    tidy_.expires_after(settings_.tidy_after);
    tidy_.async_wait([this](const boost::system::error_code& failed) {
        if (failed) return;
        tidying_ = false;
        read_stream("-");
    });
}

void AgentTransport::read_stream(std::string from) {
    if (stopped_ || !client_up_) return;
    if (std::exchange(reading_, true)) {
        read_again_ = true;
        return;
    }
    client_->send(
        {"XRANGE", stream_, std::move(from), "+", "COUNT", std::to_string(entries_per_read)},
        [self = std::weak_ptr(self_)](redis::Answer answer) {
            const auto alive = self.lock();
            if (alive && *alive != nullptr) (*alive)->on_stream(answer);
        });
}

void AgentTransport::on_stream(const redis::Answer& answer) {
    reading_ = false;
    if (stopped_ || !answer) return;
    if (const auto* refused = answer->if_error()) {
        log::error("Redis does not let this agent read its commands",
                   {{"error", refused->message}});
        return;
    }
    const auto entries = redis::parse_entries(*answer);
    for (const auto& entry : entries)
        take_stream_entry(entry.id, entry.fields);
    if (entries.size() == entries_per_read) {
        read_stream("(" + entries.back().id);
    } else if (std::exchange(read_again_, false)) {
        read_stream("-");
    }
}

void AgentTransport::take_stream_entry(
    const std::string& id, const std::vector<std::pair<std::string, std::string>>& fields) {
    if (in_hand_.contains(id)) return;
    const auto entry = protocol::entry_from_stream_fields(fields);
    if (!entry) {
        log::warning("a stream entry cannot be read and was deleted", {{"reason", entry.error()}});
        return forget_copy(id);
    }
    if (const auto published = std::ranges::find(published_, entry->signature);
        published != published_.end()) {
        published_.erase(published);
        return forget_copy(id);
    }
    in_hand_.insert(id);
    executor_->take(*entry, executor::Way::stream, [self = std::weak_ptr(self_), id] {
        const auto alive = self.lock();
        if (alive && *alive != nullptr) (*alive)->forget_copy(id);
    });
}

// The id stays in hand until the deletion is answered: a read under way must not take the entry
// again.
void AgentTransport::forget_copy(std::string id) {
    in_hand_.insert(id);
    deletions_.push_back(std::move(id));
    flush_soon();
}

redis::Command AgentTransport::add_to_results(const protocol::Entry& entry) const {
    redis::Command command{
        "XADD", std::string(results_stream), "MAXLEN", "~", std::to_string(settings_.results_bound),
        "*"};
    for (auto& field : protocol::to_stream_fields(entry))
        command.push_back(std::move(field));
    return command;
}

void AgentTransport::report(const protocol::Received& news) {
    outbox_.add(news);
    flush_soon();
}
void AgentTransport::report(const protocol::Started& news) {
    outbox_.add(news);
    flush_soon();
}
void AgentTransport::report(const protocol::Finished& news) {
    outbox_.add(news);
    flush_soon();
}
void AgentTransport::report(const protocol::Refused& news) {
    outbox_.add(news);
    flush_soon();
}

void AgentTransport::report(const protocol::Output& news) {
    if (news.fetch_id) {
        // Who asked asks again, so that nothing is kept for a connection that is not there.
        if (!client_up_) return;
        fetched_.push_back(sign(protocol::EntryKind::output, protocol::encode(news), key_));
    } else {
        outbox_.add(news);
    }
    flush_soon();
}

void AgentTransport::answer_original(const protocol::original::Response& response) {
    answers_.push_back(protocol::original::encode(response));
    if (answers_.size() > settings_.answers_bound) {
        log::warning("an answer to an unsigned command is given up: Redis is away for too long");
        answers_.pop_front();
    }
    flush_soon();
}

void AgentTransport::flush_soon() {
    if (std::exchange(flushing_, true)) return;
    asio::post(io_, [self = std::weak_ptr(self_)] {
        const auto alive = self.lock();
        if (alive && *alive != nullptr) (*alive)->flush();
    });
}

void AgentTransport::flush() {
    flushing_ = false;
    if (!client_up_) {
        fetched_.clear();
        outbox_.clear();  // the executor says it all again when the link is up
        return;
    }
    std::vector<redis::Command> commands;
    for (const auto& entry : outbox_.take(entries_per_flush, key_)) {
        commands.push_back(add_to_results(entry));
    }
    for (const auto& answer : std::exchange(fetched_, {})) {
        commands.push_back(
            {"PUBLISH", std::string(fetched_channel), protocol::to_channel_message(answer)});
    }
    auto answers = std::exchange(answers_, {});
    for (const auto& answer : answers)
        commands.push_back({"PUBLISH", answer_channel_, answer});
    auto deleted = std::exchange(deletions_, {});
    if (!deleted.empty()) {
        redis::Command command{"XDEL", stream_};
        command.insert(command.end(), deleted.begin(), deleted.end());
        commands.push_back(std::move(command));
    }
    if (!outbox_.empty()) flush_soon();
    if (commands.empty()) return;
    client_->send_all(std::move(commands),
                      [self = std::weak_ptr(self_), answers = std::move(answers),
                       deleted = std::move(deleted)](redis::Answers result) mutable {
                          const auto alive = self.lock();
                          if (!alive || *alive == nullptr) return;
                          auto& transport = **alive;
                          for (const auto& id : deleted)
                              transport.in_hand_.erase(id);
                          if (result)
                              return transport.complain("this agent report to the server", result);
                          for (auto& answer : answers)
                              transport.answers_.push_back(std::move(answer));
                          while (transport.answers_.size() > transport.settings_.answers_bound) {
                              transport.answers_.pop_front();
                          }
                      });
}

void AgentTransport::complain(std::string_view what, const redis::Answers& answers) {
    if (!answers) return;
    for (const auto& answer : *answers) {
        if (const auto* refused = answer.if_error()) {
            log::error("Redis does not let " + std::string(what), {{"error", refused->message}});
            return;
        }
    }
}

}  // namespace cockpit::agent_transport
