#include "server/api/agent_feed.hpp"

#include <functional>

namespace cockpit::api {
namespace {

constexpr std::int64_t look_ms = 250;

class Signature {
  public:
    template <typename T>
    void add(const T& value) {
        // Of boost::hash_combine: order counts.
        sum_ ^= std::hash<T>{}(value) + 0x9e3779b97f4a7c15ULL + (sum_ << 6U) + (sum_ >> 2U);
    }
    std::size_t sum() const { return sum_; }

  private:
    std::size_t sum_ = 0;
};

std::size_t signature_of(const dispatch::AgentView& agent) {
    Signature signature;
    signature.add(static_cast<int>(agent.presence));
    signature.add(agent.last_heartbeat_ms / 1000);
    signature.add(agent.started_at_ms);
    signature.add(agent.running);
    signature.add(agent.commands_executed);
    signature.add(agent.hostname);
    signature.add(agent.version);
    for (const auto& name : agent.capabilities)
        signature.add(name);
    for (const auto& [name, value] : agent.labels) {
        signature.add(name);
        signature.add(value);
    }
    signature.add(agent.pending_public_key.value_or(""));
    return signature.sum();
}

}  // namespace

void AgentFeed::look() {
    const auto now = clock_.steady_ms();
    if (now - looked_ms_ < look_ms) return;
    looked_ms_ = now;
    hosts_.clear();
    for (auto& view : directory_.list(clock_.wall_ms())) {
        const auto signature = signature_of(view);
        hosts_.push_back({std::move(view), signature});
    }
}

std::vector<dispatch::AgentView> AgentFeed::changes(Seen& seen) {
    look();
    std::vector<dispatch::AgentView> changed;
    for (const auto& [view, signature] : hosts_) {
        const auto [known, is_new] = seen.try_emplace(view.id.text(), signature);
        if (!is_new && known->second == signature) continue;
        known->second = signature;
        changed.push_back(view);
    }
    return changed;
}

}  // namespace cockpit::api
