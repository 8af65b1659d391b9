#pragma once
// /auth: log-in, password, tokens, accounts.

#include "server/api/api.hpp"

namespace cockpit::api {

class AuthEndpoints {
  public:
    explicit AuthEndpoints(auth::Access& access) : access_(access) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    void add_sessions_to(Api& api);
    void add_tokens_to(Api& api);
    void add_users_to(Api& api);
    Answer login(Call call);
    Answer logout(Call call);
    Answer change_password(Call call);
    Answer who_am_i(Call call);
    Answer create_token(Call call);
    Answer list_tokens(Call call);
    Answer revoke_token(Call call);
    Answer list_users(Call call);
    Answer create_user(Call call);
    Answer change_user(Call call);

    auth::Access& access_;
};

}  // namespace cockpit::api
