#include "server/dispatch/dispatcher.hpp"

#include "log/log.hpp"

namespace cockpit::dispatch {

Dispatcher::Dispatcher(DispatchSettings settings, const runtime::Clock& clock,
                       AgentDirectory& directory, CommandStore& store, AgentLink& link,
                       std::function<protocol::CommandId()> new_command_id)
    : settings_(settings),
      clock_(clock),
      directory_(directory),
      store_(store),
      link_(link),
      new_command_id_(std::move(new_command_id)),
      permits_(settings_.rate),
      waiters_(std::make_shared<Waiters>()) {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::restore(runtime::Callback<StoreResult<bool>> done) {
    store_.open_commands([this, done = std::move(done)](auto records) mutable {
        if (!records) return done(std::unexpected(records.error()));
        take_up(*std::move(records));
        if (!open_.empty()) log::info("open commands taken up again", {{"commands", open_.size()}});
        done(true);
    });
}

void Dispatcher::take_up(std::vector<CommandRecord> records) {
    for (auto& record : records) {
        // Rows that the original left open may have any text as id; they are its history, not work.
        if (!protocol::CommandId::parse(record.command_id)) continue;
        const auto [place, added] = open_.try_emplace(record.command_id, Open{});
        auto& open = place->second;
        // What was read may be older than what is known here; an attempt or a cancel of another
        // server is the only news it can hold.
        const bool newer = record.attempt > open.record.attempt ||
                           (record.cancel_requested_at_ms && !open.record.cancel_requested_at_ms);
        if (added || (newer && !open.being_written)) open.record = std::move(record);
    }
}

std::unique_ptr<Waiter> Dispatcher::wait(protocol::CommandId id,
                                         runtime::Callback<std::optional<CommandRecord>> done) {
    auto place = waiters_->add(id.text(), std::move(done));
    // Registered first, looked up second: an end between the two is seen by one of them.
    store_.find(id, [waiters = waiters_, id, number = place.number](auto found) {
        if (found && *found && !is_final((*found)->state)) return;
        waiters->finish(id.text(), number, found ? *found : std::nullopt);
    });
    return std::move(place.waiter);
}

}  // namespace cockpit::dispatch
