#include "server/api/auth_endpoints.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value_from.hpp>

#include "server/api/problems.hpp"
#include "server/api/views.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

using Type = Field::Type;

const Field username{.name = "username",
                     .required = true,
                     .description = "name of the account",
                     .min_length = 1,
                     .max_length = 255};

Field password_field(std::string name, std::string description, bool required = true) {
    return {.name = std::move(name), .required = required, .description = std::move(description)};
}

json::object token_json(const auth::IssuedToken& issued) {
    return {{"access_token", issued.token},
            {"token_type", "bearer"},
            {"expires_in", issued.expires_in_s},
            {"expires_at", iso_time(issued.expires_at_ms)},
            {"username", issued.identity.username},
            {"must_change_password", issued.identity.must_change_password},
            {"permissions", json::value_from(issued.identity.permissions)}};
}

}  // namespace

void AuthEndpoints::add_to(Api& api) {
    add_sessions_to(api);
    add_tokens_to(api);
    add_users_to(api);
}

void AuthEndpoints::add_sessions_to(Api& api) {
    api.add({.method = "POST",
             .pattern = "/auth/login",
             .summary = "Exchange user name and password for a bearer token",
             .guard = Endpoint::Guard::open,
             .body = {username, password_field("password", "the account's password")},
             .responses = {{200, "the token"},
                           {401, "name or password is wrong"},
                           {429, "too many failed log-ins; see Retry-After"}},
             .handle = [this](Call call) { return login(std::move(call)); },
             .answer = "Token"});
    api.add({.method = "POST",
             .pattern = "/auth/logout",
             .summary = "End the token this request came with",
             .guard = Endpoint::Guard::identity,
             .before_password_change = true,
             .responses = {{200, "the token is no longer valid"}},
             .handle = [this](Call call) { return logout(std::move(call)); },
             .answer = "Done"});
    api.add(
        {.method = "POST",
         .pattern = "/auth/password",
         .summary = "Change one's own password; ends all other sessions and API tokens",
         .guard = Endpoint::Guard::identity,
         .before_password_change = true,
         .body = {password_field("current_password", "the password until now"),
                  password_field("new_password", "at least 12 characters and not the user name")},
         .responses = {{200, "changed"},
                       {400, "the new password breaks a rule"},
                       {403, "the current password is wrong"},
                       {429, "too many wrong passwords; see Retry-After"}},
         .handle = [this](Call call) { return change_password(std::move(call)); },
         .answer = "PasswordChange"});
    api.add({.method = "GET",
             .pattern = "/auth/me",
             .summary = "Who this token belongs to and what it may",
             .guard = Endpoint::Guard::identity,
             .before_password_change = true,
             .responses = {{200, "name, permissions, expiry"}},
             .handle = [this](Call call) { return who_am_i(std::move(call)); },
             .answer = "Identity"});
    api.add({.method = "POST",
             .pattern = "/auth/tokens",
             .summary = "Make a long-lived token for a program, with one's own permissions",
             .guard = Endpoint::Guard::identity,
             .body = {{.name = "name",
                       .required = true,
                       .description = "what the token is for",
                       .min_length = 1,
                       .max_length = 100},
                      {.name = "expires_in_days",
                       .type = Type::integer,
                       .description = "1 to 366, default 90",
                       .min = 1,
                       .max = 366}},
             .responses = {{201, "the token; it is shown only now"}},
             .handle = [this](Call call) { return create_token(std::move(call)); },
             .answer = "Token"});
}

void AuthEndpoints::add_tokens_to(Api& api) {
    api.add({.method = "GET",
             .pattern = "/auth/tokens",
             .summary = "One's own sessions and API tokens, without the tokens themselves",
             .guard = Endpoint::Guard::identity,
             .responses = {{200, "the tokens that have not expired"}},
             .handle = [this](Call call) { return list_tokens(std::move(call)); },
             .answer = "Tokens"});
    api.add({.method = "DELETE",
             .pattern = "/auth/tokens/{id}",
             .summary = "End one of one's own sessions or API tokens",
             .guard = Endpoint::Guard::identity,
             .responses = {{200, "it is no longer valid"}, {404, "no such token of yours"}},
             .handle = [this](Call call) { return revoke_token(std::move(call)); },
             .answer = "Done"});
}

void AuthEndpoints::add_users_to(Api& api) {
    const Field permissions{.name = "permissions",
                            .type = Type::text_list,
                            .description = "names of permissions; '*' is all",
                            .max_length = 100};
    Field required_permissions = permissions;
    required_permissions.required = true;

    api.add({.method = "GET",
             .pattern = "/auth/users",
             .summary = "All accounts",
             .permission = "users:read",
             .responses = {{200, "the accounts by name"}},
             .handle = [this](Call call) { return list_users(std::move(call)); },
             .answer = "Users"});
    api.add({.method = "POST",
             .pattern = "/auth/users",
             .summary = "Make an account",
             .permission = "users:write",
             .body = {username,
                      password_field("password", "at least 12 characters and not the user name"),
                      required_permissions,
                      {.name = "must_change_password",
                       .type = Type::boolean,
                       .description = "whether the first log-in must change it; default false"}},
             .responses = {{201, "the account"},
                           {400, "name, password or permissions break a rule"},
                           {403, "a permission is not yours to give"},
                           {409, "the name is taken"}},
             .handle = [this](Call call) { return create_user(std::move(call)); },
             .answer = "User"});
    api.add({.method = "PATCH",
             .pattern = "/auth/users/{username}",
             .summary = "Change somebody else's permissions or password, disable or enable them",
             .permission = "users:write",
             .body = {permissions,
                      {.name = "disabled",
                       .type = Type::boolean,
                       .description = "a disabled account cannot log in; its tokens end"},
                      password_field("password", "must be changed at the next log-in", false)},
             .responses = {{200, "the account"},
                           {403, "it holds a permission you do not have, or it is yours"},
                           {404, "no such account"}},
             .handle = [this](Call call) { return change_user(std::move(call)); },
             .answer = "User"});
}

AuthEndpoints::Answer AuthEndpoints::login(Call call) {
    auto issued = co_await access_.login(*text_of(call.body, "username"),
                                         *text_of(call.body, "password"), call.peer);
    if (!issued) co_return to_problem(issued.error());
    co_return json_response(token_json(*issued));
}

AuthEndpoints::Answer AuthEndpoints::logout(Call call) {
    auto ended = co_await access_.logout(call.identity);
    if (!ended) co_return to_problem(ended.error());
    co_return json_response(json::object{{"status", "logged out"}});
}

AuthEndpoints::Answer AuthEndpoints::change_password(Call call) {
    auto changed =
        co_await access_.change_password(call.identity, *text_of(call.body, "current_password"),
                                         *text_of(call.body, "new_password"), call.peer);
    if (!changed) {
        // 401 would tell clients that their token has ended, and it has not.
        if (changed.error().kind == auth::AccessError::Kind::wrong_credentials) {
            co_return http::problem(403, changed.error().detail);
        }
        co_return to_problem(changed.error());
    }
    co_return json_response(json::object{{"status", "changed"}, {"must_change_password", false}});
}

AuthEndpoints::Answer AuthEndpoints::who_am_i(Call call) {
    co_return json_response(to_json(call.identity));
}

AuthEndpoints::Answer AuthEndpoints::create_token(Call call) {
    const auto lifetime = std::chrono::days(integer_of(call.body, "expires_in_days").value_or(90));
    auto issued =
        co_await access_.create_api_token(call.identity, *text_of(call.body, "name"), lifetime);
    if (!issued) co_return to_problem(issued.error());
    auto body = token_json(*issued);
    body["name"] = issued->identity.token_name;
    co_return json_response(std::move(body), 201);
}

AuthEndpoints::Answer AuthEndpoints::list_tokens(Call call) {
    auto tokens = co_await access_.tokens(call.identity);
    if (!tokens) co_return to_problem(tokens.error());
    json::array list;
    for (const auto& token : *tokens) {
        list.push_back(json::object{{"id", auth::token_id(token.token_hash)},
                                    {"name", token.name},
                                    {"created_at", iso_time(token.created_at_ms)},
                                    {"expires_at", iso_time(token.expires_at_ms)},
                                    {"current", token.token_hash == call.identity.token_hash}});
    }
    const auto total = list.size();
    co_return json_response(json::object{{"tokens", std::move(list)}, {"total", total}});
}

AuthEndpoints::Answer AuthEndpoints::revoke_token(Call call) {
    auto revoked = co_await access_.revoke_token(call.identity, call.path.at("id"));
    if (!revoked) co_return to_problem(revoked.error());
    co_return json_response(json::object{{"status", "revoked"}, {"name", revoked->name}});
}

AuthEndpoints::Answer AuthEndpoints::list_users(Call) {
    auto users = co_await access_.list_users();
    if (!users) co_return to_problem(users.error());
    json::array list;
    for (const auto& user : *users)
        list.push_back(to_json(user));
    const auto total = list.size();
    co_return json_response(json::object{{"users", std::move(list)}, {"total", total}});
}

AuthEndpoints::Answer AuthEndpoints::create_user(Call call) {
    auth::NewUser user{
        .username = *text_of(call.body, "username"),
        .password = *text_of(call.body, "password"),
        .permissions = *list_of(call.body, "permissions"),
        .must_change_password = boolean_of(call.body, "must_change_password").value_or(false)};
    auto made = co_await access_.create_user(call.identity, std::move(user));
    if (!made) co_return to_problem(made.error());
    co_return json_response(to_json(*made), 201);
}

AuthEndpoints::Answer AuthEndpoints::change_user(Call call) {
    auth::UserChanges changes{.permissions = list_of(call.body, "permissions"),
                              .disabled = boolean_of(call.body, "disabled"),
                              .password = text_of(call.body, "password")};
    auto changed =
        co_await access_.change_user(call.identity, call.path.at("username"), std::move(changes));
    if (!changed) co_return to_problem(changed.error());
    co_return json_response(to_json(*changed));
}

}  // namespace cockpit::api
