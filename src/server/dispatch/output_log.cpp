#include "server/dispatch/output_log.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "crypto/encoding.hpp"
#include "crypto/random.hpp"
#include "log/log.hpp"

namespace cockpit::dispatch {

class OutputLog::Watch final : public OutputWatch {
  public:
    Watch(std::shared_ptr<Readers> readers, Readers::iterator place)
        : readers_(std::move(readers)), place_(place) {}
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch() override { readers_->erase(place_); }

  private:
    std::shared_ptr<Readers> readers_;
    Readers::iterator place_;
};

OutputLog::OutputLog(Settings settings, const runtime::Clock& clock, OutputStore& store,
                     AgentLink& link)
    : settings_(settings),
      clock_(clock),
      store_(store),
      link_(link),
      readers_(std::make_shared<Readers>()) {}

OutputLog::~OutputLog() = default;

void OutputLog::on_output(const protocol::Output& news, runtime::Callback<bool> settled) {
    auto bytes = crypto::from_base64(news.data);
    // Without bytes it says that the end of the output is missing.
    if (!bytes || (bytes->empty() && news.missing_before == 0)) {
        log::warning(
            "a piece of output says nothing; it was dropped",
            {{"command_id", news.attempt.command.text()}, {"agent_id", news.agent.text()}});
        return settled(true);
    }
    NewOutput output{.attempt = news.attempt,
                     .agent_id = news.agent.text(),
                     .piece = {news.offset, *std::move(bytes)},
                     .missing_before = news.missing_before,
                     .limit = settings_.limit_bytes};
    const auto end = output.piece.end();
    store_.add_output(std::move(output), [this, agent = news.agent, attempt = news.attempt, end,
                                          settled = std::move(settled)](auto next) mutable {
        if (!next) {
            log::error("output was not written",
                       {{"command_id", attempt.command.text()}, {"error", next.error().message}});
            return settled(false);
        }
        // Output of a command that the database does not know is given up, or its host would
        // send it for ever.
        link_.send(protocol::Ack{.agent = agent,
                                 .attempt = attempt,
                                 .accepted = true,
                                 .issued_at_ms = clock_.wall_ms(),
                                 .output_next = next->value_or(end)});
        if (*next) {
            on_news(attempt.command);
            link_.announce_output(attempt.command);
        }
        settled(true);
    });
}

void OutputLog::on_news(const protocol::CommandId& command) {
    const auto [first, last] = readers_->equal_range(command.text());
    std::vector<std::function<void()>> woken;
    for (auto reader = first; reader != last; ++reader)
        woken.push_back(reader->second);
    for (const auto& wake : woken)
        wake();
}

std::unique_ptr<OutputWatch> OutputLog::watch(const protocol::CommandId& command,
                                              std::function<void()> woken) {
    return std::make_unique<Watch>(readers_, readers_->emplace(command.text(), std::move(woken)));
}

void OutputLog::fetch(const protocol::AgentId& agent, const protocol::AttemptId& attempt,
                      std::int64_t offset, std::int64_t length, runtime::Callback<Fetched> done) {
    const auto id = crypto::to_hex(crypto::random_bytes(16));
    const auto wall = clock_.wall_ms();
    const auto now = clock_.steady_ms();
    protocol::Fetch fetch{.agent = agent,
                          .attempt = attempt,
                          .fetch_id = id,
                          .offset = offset,
                          .length = std::min(length, protocol::max_output_bytes),
                          .issued_at_ms = wall,
                          .expires_at_ms = wall + settings_.give_up_ms};
    link_.send(fetch);
    questions_.emplace(id, Question{std::move(fetch), now, now, std::move(done)});
}

void OutputLog::on_fetched(const protocol::Output& answer) {
    if (!answer.fetch_id) return;
    const auto found = questions_.find(*answer.fetch_id);
    if (found == questions_.end()) return;
    const auto& asked = found->second.fetch;
    // Signed by some host of ours, but not by the one that was asked.
    if (asked.agent != answer.agent || asked.attempt != answer.attempt) return;
    auto done = std::move(found->second.done);
    questions_.erase(found);
    if (answer.problem) return done(std::unexpected(*answer.problem));
    auto bytes = crypto::from_base64(answer.data);
    if (!bytes) return done(std::unexpected("the host's answer cannot be read"));
    done(OutputPiece{answer.offset, *std::move(bytes)});
}

void OutputLog::on_tick() {
    const auto now = clock_.steady_ms();
    std::vector<runtime::Callback<Fetched>> given_up;
    for (auto place = questions_.begin(); place != questions_.end();) {
        auto& question = place->second;
        if (now - question.since_ms >= settings_.give_up_ms) {
            given_up.push_back(std::move(question.done));
            place = questions_.erase(place);
            continue;
        }
        if (now - question.asked_ms >= settings_.ask_again_ms) {
            question.asked_ms = now;
            link_.send(question.fetch);
        }
        ++place;
    }
    for (auto& done : given_up) {
        done(std::unexpected("the host did not answer within " +
                             std::to_string(settings_.give_up_ms / 1000) + " s"));
    }
}

}  // namespace cockpit::dispatch
