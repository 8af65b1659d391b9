#pragma once
// An AccountStore in memory that answers in the next turn, as the real ones do.

#include <boost/asio/any_io_executor.hpp>
#include <map>

#include "fakes/answer_later.hpp"
#include "server/auth/account_store.hpp"

namespace cockpit::fakes {

class MemoryAccountStore final : public auth::AccountStore {
  public:
    explicit MemoryAccountStore(boost::asio::any_io_executor io) : io_(std::move(io)) {}

    std::map<std::string, auth::UserRecord> users;
    std::map<std::string, auth::TokenRecord> tokens;
    bool broken = false;  ///< every call fails

    void count_users(runtime::Callback<auth::StoreResult<std::int64_t>> done) override {
        answer(std::move(done), static_cast<std::int64_t>(users.size()));
    }
    void find_user(
        std::string username,
        runtime::Callback<auth::StoreResult<std::optional<auth::UserRecord>>> done) override {
        const auto found = users.find(username);
        answer(std::move(done), found == users.end() ? std::nullopt : std::optional(found->second));
    }
    void list_users(
        runtime::Callback<auth::StoreResult<std::vector<auth::UserRecord>>> done) override {
        std::vector<auth::UserRecord> all;
        for (const auto& [name, user] : users)
            all.push_back(user);
        answer(std::move(done), std::move(all));
    }
    void save_user(auth::UserRecord user,
                   runtime::Callback<auth::StoreResult<bool>> done) override {
        if (!broken) {
            const auto found = users.find(user.username);
            if (found != users.end()) user.created_at_ms = found->second.created_at_ms;
            users[user.username] = user;
        }
        answer(std::move(done), true);
    }
    void add_token(auth::TokenRecord token,
                   runtime::Callback<auth::StoreResult<bool>> done) override {
        if (!broken) tokens[token.token_hash] = token;
        answer(std::move(done), true);
    }
    void find_token(
        std::string token_hash,
        runtime::Callback<auth::StoreResult<std::optional<auth::TokenOwner>>> done) override {
        const auto found = tokens.find(token_hash);
        std::optional<auth::TokenOwner> owner;
        if (found != tokens.end()) {
            owner = auth::TokenOwner{found->second, users.at(found->second.username)};
        }
        answer(std::move(done), std::move(owner));
    }
    void list_tokens_of(
        std::string username,
        runtime::Callback<auth::StoreResult<std::vector<auth::TokenRecord>>> done) override {
        std::vector<auth::TokenRecord> found;
        for (const auto& [hash, token] : tokens) {
            if (token.username == username) found.push_back(token);
        }
        answer(std::move(done), std::move(found));
    }
    void remove_token(std::string token_hash,
                      runtime::Callback<auth::StoreResult<bool>> done) override {
        answer(std::move(done), !broken && tokens.erase(token_hash) > 0);
    }
    void remove_tokens_of(std::string username, std::string keep_hash,
                          runtime::Callback<auth::StoreResult<std::int64_t>> done) override {
        const auto removed = std::erase_if(tokens, [&](const auto& entry) {
            return entry.second.username == username && entry.first != keep_hash;
        });
        answer(std::move(done), static_cast<std::int64_t>(removed));
    }
    void remove_expired_tokens(std::int64_t now_ms,
                               runtime::Callback<auth::StoreResult<std::int64_t>> done) override {
        const auto removed = std::erase_if(
            tokens, [&](const auto& entry) { return entry.second.expires_at_ms <= now_ms; });
        answer(std::move(done), static_cast<std::int64_t>(removed));
    }

  private:
    template <typename T>
    void answer(runtime::Callback<auth::StoreResult<T>> done, std::type_identity_t<T> value) {
        answer_later(io_, std::move(done), std::move(value), broken);
    }

    boost::asio::any_io_executor io_;
};

}  // namespace cockpit::fakes
