#include "server/dispatch/waiters.hpp"

#include <utility>

namespace cockpit::dispatch {

class Waiters::Waiting final : public Waiter {
  public:
    Waiting(std::shared_ptr<Waiters> waiters, std::string command_id, std::uint64_t number)
        : waiters_(std::move(waiters)), command_id_(std::move(command_id)), number_(number) {}
    ~Waiting() override {
        const auto found = waiters_->by_command_.find(command_id_);
        if (found == waiters_->by_command_.end()) return;
        found->second.erase(number_);
        if (found->second.empty()) waiters_->by_command_.erase(found);
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

  private:
    std::shared_ptr<Waiters> waiters_;
    std::string command_id_;
    std::uint64_t number_;
};

Waiters::Place Waiters::add(const std::string& command_id, Done done) {
    const auto number = next_++;
    by_command_[command_id].emplace(number, std::move(done));
    return {std::make_unique<Waiting>(shared_from_this(), command_id, number), number};
}

void Waiters::finish(const std::string& command_id, const std::optional<CommandRecord>& record) {
    // Taken out first: a callback may begin or end another wait.
    auto all = by_command_.extract(command_id);
    if (all.empty()) return;
    for (auto& [number, done] : all.mapped())
        done(record);
}

void Waiters::finish(const std::string& command_id, std::uint64_t number,
                     const std::optional<CommandRecord>& record) {
    const auto found = by_command_.find(command_id);
    if (found == by_command_.end()) return;
    auto one = found->second.extract(number);
    if (found->second.empty()) by_command_.erase(found);
    if (!one.empty()) one.mapped()(record);
}

}  // namespace cockpit::dispatch
