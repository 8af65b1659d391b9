#include "server/dispatch/dispatcher.hpp"

#include <boost/json.hpp>

#include "log/log.hpp"

namespace cockpit::dispatch {
namespace json = boost::json;
using protocol::CommandState;
namespace {

// A host's clock and the way back may make a receipt late; only after this pause does silence mean
// that the host did not take the command.
constexpr std::int64_t receipt_slack_ms = 3'000;
constexpr std::int64_t resend_pause_ms = 2'000;

std::string name_list(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names)
        list += (list.empty() ? "" : ", ") + name;
    return list.empty() ? "none" : list;
}

protocol::AttemptId attempt_of(const CommandRecord& record) {
    return {*protocol::CommandId::parse(record.command_id), record.attempt};
}

json::object params_of(const CommandRecord& record) {
    boost::system::error_code failed;
    auto parsed = json::parse(record.params, failed);
    return !failed && parsed.is_object() ? parsed.as_object() : json::object{};
}

}  // namespace

struct Dispatcher::Waiters {
    using Done = runtime::Callback<std::optional<CommandRecord>>;
    std::uint64_t next = 0;
    std::unordered_map<std::string, std::map<std::uint64_t, Done>> by_command;

    void finish(const std::string& command_id, const std::optional<CommandRecord>& record) {
        const auto found = by_command.find(command_id);
        if (found == by_command.end()) return;
        // Taken out first: a callback may begin or end another wait.
        auto all = std::move(found->second);
        by_command.erase(found);
        for (auto& [number, done] : all)
            done(record);
    }

    // One of them alone, when it is still there.
    void finish(const std::string& command_id, std::uint64_t number,
                const std::optional<CommandRecord>& record) {
        const auto found = by_command.find(command_id);
        if (found == by_command.end()) return;
        auto one = found->second.extract(number);
        if (found->second.empty()) by_command.erase(found);
        if (!one.empty()) one.mapped()(record);
    }
};

class Dispatcher::Waiting final : public Waiter {
  public:
    Waiting(std::shared_ptr<Waiters> waiters, std::string command_id, std::uint64_t number)
        : waiters_(std::move(waiters)), command_id_(std::move(command_id)), number_(number) {}
    ~Waiting() override {
        const auto found = waiters_->by_command.find(command_id_);
        if (found == waiters_->by_command.end()) return;
        found->second.erase(number_);
        if (found->second.empty()) waiters_->by_command.erase(found);
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

  private:
    std::shared_ptr<Waiters> waiters_;
    std::string command_id_;
    std::uint64_t number_;
};

Dispatcher::Dispatcher(DispatchSettings settings, const runtime::Clock& clock,
                       AgentDirectory& directory, CommandStore& store, AgentLink& link,
                       std::function<protocol::CommandId()> new_command_id)
    : settings_(settings),
      clock_(clock),
      directory_(directory),
      store_(store),
      link_(link),
      new_command_id_(std::move(new_command_id)),
      waiters_(std::make_shared<Waiters>()) {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::restore(runtime::Callback<StoreResult<bool>> done) {
    store_.open_commands([this, done = std::move(done)](auto records) mutable {
        if (!records) return done(std::unexpected(records.error()));
        for (auto& record : *records) {
            // Rows of the original system may hold what ours never makes; they are its history, not
            // work.
            if (!protocol::CommandId::parse(record.command_id) || record.expires_at_ms == 0)
                continue;
            auto command_id = record.command_id;
            open_.try_emplace(std::move(command_id), Open{.record = std::move(record)});
        }
        if (!open_.empty()) log::info("open commands taken up again", {{"commands", open_.size()}});
        done(true);
    });
}

void Dispatcher::submit(Submission submission,
                        runtime::Callback<std::expected<CommandRecord, SubmitError>> done) {
    using Kind = SubmitError::Kind;
    const auto refuse = [&done](Kind kind, std::string detail) {
        done(std::unexpected(SubmitError{kind, std::move(detail)}));
    };
    const auto now = clock_.wall_ms();
    const auto& agent = submission.agent.text();
    const auto view = directory_.find(submission.agent, now);
    if (!view) {
        return refuse(Kind::unknown_agent,
                      "no agent is known as '" + agent +
                          "': GET /api/cockpit-agent/list shows those that are");
    }
    if (view->original_protocol && !settings_.allow_unsigned_agents) {
        return refuse(Kind::agent_not_trusted,
                      "agent '" + agent +
                          "' speaks the original, unsigned protocol: join it with "
                          "`cockpit-server join-token`, or set ALLOW_UNSIGNED_AGENTS=true here");
    }
    if (!view->capabilities.empty() || view->presence == Presence::online) {
        const auto* schema = directory_.schema(submission.agent, submission.command);
        if (schema == nullptr) {
            return refuse(Kind::unknown_command, "agent '" + agent + "' has no command '" +
                                                     submission.command +
                                                     "'; it has: " + name_list(view->capabilities));
        }
        auto params = validate_parameters(*schema, submission.params);
        if (!params) return refuse(Kind::invalid_params, params.error());
        submission.params = *std::move(params);
        if (view->original_protocol) {
            // Nobody receipts on the original's wire, so the time of the whole way is one limit.
            submission.timeout_ms =
                std::min(submission.timeout_ms.value_or(schema->timeout_ms), schema->timeout_ms);
        }
    }
    if (view->presence != Presence::online) {
        return refuse(
            view->presence == Presence::offline ? Kind::agent_offline : Kind::presence_unknown,
            "agent '" + agent + "' is " + std::string(to_text(view->presence)) + ": " +
                view->evidence + "; nothing was sent");
    }

    auto expires_at = now + settings_.delivery_timeout_ms;
    if (view->original_protocol) expires_at += submission.timeout_ms.value_or(0);
    CommandRecord record{.agent_id = agent,
                         .command_id = new_command_id_().text(),
                         .command = std::move(submission.command),
                         .params = json::serialize(submission.params),
                         .state = CommandState::pending,
                         .sent_at_ms = now,
                         .sent_by = std::move(submission.sent_by),
                         .attempt = 1,
                         .expires_at_ms = expires_at,
                         .timeout_ms = submission.timeout_ms};
    store_.insert(std::move(record), [this, original = view->original_protocol,
                                      done = std::move(done)](auto inserted) mutable {
        if (!inserted) {
            log::error("a command was not written", {{"error", inserted.error().message}});
            return done(std::unexpected(
                SubmitError{SubmitError::Kind::store_unavailable,
                            "the database is not available: nothing was sent; try again"}));
        }
        auto& open = open_[inserted->command_id];
        open = Open{.record = *inserted, .original_protocol = original};
        send(open);
        done(*std::move(inserted));
    });
}

void Dispatcher::send(Open& open) {
    const auto now = clock_.wall_ms();
    open.last_sent_ms = now;
    const auto agent = protocol::AgentId::parse(open.record.agent_id);
    if (!agent) return;
    const auto report = [id = open.record.command_id](Receivers receivers) {
        if (!receivers) log::warning("a command waits for Redis", {{"command_id", id}});
    };
    if (open.original_protocol) {
        link_.send_original(*agent,
                            {.command_id = open.record.command_id,
                             .command = open.record.command,
                             .params = params_of(open.record),
                             .timestamp_s = now / 1000,
                             .sender = "cockpit-backend"},
                            report);
        return;
    }
    link_.send(protocol::Run{.agent = *agent,
                             .attempt = attempt_of(open.record),
                             .command = open.record.command,
                             .params = params_of(open.record),
                             .issued_at_ms = now,
                             .expires_at_ms = open.record.expires_at_ms,
                             .timeout_ms = open.record.timeout_ms,
                             .sender = open.record.sent_by},
               report);
}

std::unique_ptr<Waiter> Dispatcher::wait(protocol::CommandId id,
                                         runtime::Callback<std::optional<CommandRecord>> done) {
    const auto number = waiters_->next++;
    waiters_->by_command[id.text()].emplace(number, std::move(done));
    auto waiting = std::make_unique<Waiting>(waiters_, id.text(), number);
    // Registered first, looked up second: an end between the two is seen by one of them.
    store_.find(id, [waiters = waiters_, id, number](auto found) {
        if (found && *found && !is_final((*found)->state)) return;
        waiters->finish(id.text(), number, found ? *found : std::nullopt);
    });
    return waiting;
}

void Dispatcher::write_news(CommandUpdate update, runtime::Callback<bool> settled) {
    const auto attempt = update.attempt;
    const auto agent_id = update.agent_id;
    const bool last_word = is_final(update.state);
    store_.update(std::move(update), [this, attempt, agent_id, last_word,
                                      settled = std::move(settled)](auto outcome) mutable {
        if (!outcome) {
            log::error("news of a command was not written", {{"command_id", attempt.command.text()},
                                                             {"error", outcome.error().message}});
            return settled(false);
        }
        if (!outcome->record) {
            log::warning("news of a command that the database does not know",
                         {{"command_id", attempt.command.text()}, {"agent_id", agent_id}});
        } else if (outcome->changed) {
            settle_here(*outcome->record);
        }
        // Repeated and late news is acknowledged too, or the host would send it for ever.
        if (last_word) acknowledge(agent_id, attempt);
        settled(true);
    });
}

void Dispatcher::settle_here(const CommandRecord& record) {
    if (!is_final(record.state)) {
        if (const auto open = open_.find(record.command_id); open != open_.end()) {
            open->second.record = record;
        }
        return;
    }
    open_.erase(record.command_id);
    log::info("command ended", {{"command_id", record.command_id},
                                {"agent_id", record.agent_id},
                                {"command", record.command},
                                {"status", to_text(record.state)}});
    waiters_->finish(record.command_id, record);
}

void Dispatcher::acknowledge(const std::string& agent_id, const protocol::AttemptId& attempt) {
    const auto agent = protocol::AgentId::parse(agent_id);
    if (!agent || directory_.key(*agent) == nullptr) return;
    link_.send(protocol::Ack{
        .agent = *agent, .attempt = attempt, .accepted = true, .issued_at_ms = clock_.wall_ms()});
}

void Dispatcher::on_received(const protocol::Received& news, runtime::Callback<bool> settled) {
    write_news({.attempt = news.attempt,
                .agent_id = news.agent.text(),
                .state = CommandState::delivered,
                .at_ms = clock_.wall_ms()},
               std::move(settled));
}

void Dispatcher::on_started(const protocol::Started& news, runtime::Callback<bool> settled) {
    write_news({.attempt = news.attempt,
                .agent_id = news.agent.text(),
                .state = CommandState::running,
                .at_ms = clock_.wall_ms()},
               std::move(settled));
}

void Dispatcher::on_finished(const protocol::Finished& news, runtime::Callback<bool> settled) {
    write_news({.attempt = news.attempt,
                .agent_id = news.agent.text(),
                .state = news.state,
                .at_ms = clock_.wall_ms(),
                .output = news.output,
                .error = news.error,
                .execution_time_ms = news.execution_time_ms,
                .exit_code = news.exit_code},
               std::move(settled));
}

void Dispatcher::on_refused(const protocol::Refused& news, runtime::Callback<bool> settled) {
    write_news({.attempt = news.attempt,
                .agent_id = news.agent.text(),
                .state = CommandState::refused,
                .at_ms = clock_.wall_ms(),
                .error = news.reason},
               std::move(settled));
}

void Dispatcher::on_original_response(const protocol::AgentId& agent,
                                      const protocol::original::Response& response) {
    const auto id = protocol::CommandId::parse(response.command_id);
    if (!settings_.allow_unsigned_agents || !id || directory_.key(agent) != nullptr) return;
    const auto state = protocol::parse_command_state(response.status);
    if (!state || !is_final(*state)) return;
    write_news({.attempt = {*id, 1},
                .agent_id = agent.text(),
                .state = *state,
                .at_ms = clock_.wall_ms(),
                .output = response.output,
                .error = response.error,
                .execution_time_ms = response.execution_time_ms},
               [](bool) {});
}

void Dispatcher::on_tick() {
    const auto now = clock_.wall_ms();
    for (auto& [id, open] : open_) {
        if (open.record.state != CommandState::pending || open.being_written) continue;
        if (now > open.record.expires_at_ms + receipt_slack_ms) {
            close_unanswered(open, now);
        } else if (!open.original_protocol && now < open.record.expires_at_ms &&
                   now - open.last_sent_ms >= resend_pause_ms) {
            send(open);
        }
    }
}

// The host's agent refuses what comes after its expiry, so nothing can start any more. An agent of
// the original knows no expiry: all that can be said of it is that no answer came in time.
void Dispatcher::close_unanswered(Open& open, std::int64_t now_ms) {
    open.being_written = true;
    CommandUpdate update{.attempt = attempt_of(open.record),
                         .agent_id = open.record.agent_id,
                         .state = CommandState::expired,
                         .at_ms = now_ms,
                         .error = "the host did not take the command in time; it will not run"};
    if (open.original_protocol) {
        update.state = CommandState::timeout;
        update.error =
            "the host's original agent did not answer in time; whether it ran is unknown";
    }
    store_.update(std::move(update), [this, id = open.record.command_id](auto outcome) {
        if (!outcome) {
            log::error("an expired command was not written",
                       {{"command_id", id}, {"error", outcome.error().message}});
            if (const auto found = open_.find(id); found != open_.end()) {
                found->second.being_written = false;
            }
            return;
        }
        if (outcome->record) settle_here(*outcome->record);
        if (!outcome->record) open_.erase(id);
    });
}

}  // namespace cockpit::dispatch
