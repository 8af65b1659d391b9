#pragma once
// An AgentStore in memory that answers in the next turn.

#include <boost/asio/any_io_executor.hpp>
#include <map>

#include "fakes/answer_later.hpp"
#include "server/dispatch/agent_store.hpp"

namespace cockpit::fakes {

class MemoryAgentStore final : public dispatch::AgentStore {
  public:
    explicit MemoryAgentStore(boost::asio::any_io_executor io) : io_(std::move(io)) {}

    std::map<std::string, dispatch::AgentRecord> agents;
    std::map<std::string, dispatch::JoinToken> tokens;
    bool broken = false;  ///< every call fails
    int saves = 0;        ///< calls of save_agent

    void load_agents(runtime::Callback<dispatch::StoreResult<std::vector<dispatch::AgentRecord>>>
                         done) override {
        std::vector<dispatch::AgentRecord> all;
        for (const auto& [id, agent] : agents)
            all.push_back(agent);
        answer(std::move(done), std::move(all));
    }
    void save_agent(dispatch::AgentRecord record,
                    runtime::Callback<dispatch::StoreResult<bool>> done) override {
        ++saves;
        if (!broken) save(std::move(record));
        answer(std::move(done), true);
    }
    void add_join_token(dispatch::JoinToken token,
                        runtime::Callback<dispatch::StoreResult<bool>> done) override {
        if (!broken) tokens[token.id] = token;
        answer(std::move(done), true);
    }
    void find_join_token(
        std::string id,
        runtime::Callback<dispatch::StoreResult<std::optional<dispatch::JoinToken>>> done)
        override {
        const auto found = tokens.find(id);
        answer(std::move(done),
               found == tokens.end() ? std::nullopt : std::optional(found->second));
    }
    void redeem_join_token(
        std::string token_id, std::int64_t now_ms, dispatch::AgentRecord record,
        runtime::Callback<dispatch::StoreResult<std::optional<dispatch::RedeemFailure>>> done)
        override {
        using Failure = dispatch::RedeemFailure;
        std::optional<Failure> failure;
        const auto found = tokens.find(token_id);
        if (found == tokens.end()) {
            failure = Failure::unknown;
        } else if (found->second.expires_at_ms <= now_ms) {
            failure = Failure::expired;
        } else if (found->second.uses_left < 1) {
            failure = Failure::used_up;
        } else if (!broken) {
            --found->second.uses_left;
            save(std::move(record));
        }
        answer(std::move(done), failure);
    }

  private:
    void save(dispatch::AgentRecord record) {
        const auto found = agents.find(record.agent_id);
        if (found != agents.end()) record.first_seen_ms = found->second.first_seen_ms;
        agents[record.agent_id] = std::move(record);
    }
    template <typename T>
    void answer(runtime::Callback<dispatch::StoreResult<T>> done, std::type_identity_t<T> value) {
        answer_later(io_, std::move(done), std::move(value), broken);
    }

    boost::asio::any_io_executor io_;
};

}  // namespace cockpit::fakes
