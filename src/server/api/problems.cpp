#include "server/api/problems.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "log/log.hpp"
#include "protocol/text.hpp"
#include "server/api/views.hpp"
#include "server/http/response_head.hpp"

namespace cockpit::api {
namespace json = boost::json;
namespace {

http::Response unauthorized(std::string_view detail, bool token_was_given) {
    auto response = http::problem(401, detail);
    // RFC 6750, section 3: no error code when the request brought no token.
    response.headers.emplace_back(
        "WWW-Authenticate", token_was_given ? "Bearer realm=\"cockpit\", error=\"invalid_token\""
                                            : "Bearer realm=\"cockpit\"");
    return response;
}

http::Response command_problem(int status, std::string_view detail,
                               const dispatch::CommandRecord& record) {
    json::object body{{"type", "about:blank"},
                      {"title", http::reason_phrase(status)},
                      {"detail", protocol::to_utf8(detail)}};
    for (auto& [name, value] : to_json(record))
        body[name] = value;
    return {.status = status,
            .content_type = "application/problem+json",
            .body = json::serialize(body)};
}

int status_of(auth::AccessError::Kind kind) {
    using Kind = auth::AccessError::Kind;
    switch (kind) {
        case Kind::wrong_credentials:
            return 401;
        case Kind::rate_limited:
            return 429;
        case Kind::invalid:
            return 400;
        case Kind::not_permitted:
            return 403;
        case Kind::not_found:
            return 404;
        case Kind::conflict:
            return 409;
        case Kind::unavailable:
            return 503;
    }
    return 500;
}

int status_of(dispatch::SubmitError::Kind kind) {
    using Kind = dispatch::SubmitError::Kind;
    switch (kind) {
        case Kind::unknown_agent:
            return 404;
        case Kind::agent_offline:
        case Kind::presence_unknown:
        case Kind::store_unavailable:
            return 503;
        case Kind::unknown_command:
        case Kind::invalid_params:
            return 400;
        case Kind::agent_not_trusted:
        case Kind::key_used_before:
        case Kind::in_maintenance:
            return 409;
        case Kind::rate_limited:
            return 429;
    }
    return 500;
}

int status_of(dispatch::CancelError::Kind kind) {
    using Kind = dispatch::CancelError::Kind;
    switch (kind) {
        case Kind::unknown_command:
            return 404;
        case Kind::already_ended:
        case Kind::not_possible:
            return 409;
        case Kind::store_unavailable:
            return 503;
    }
    return 500;
}

int status_of(dispatch::AcceptKeyError::Kind kind) {
    using Kind = dispatch::AcceptKeyError::Kind;
    switch (kind) {
        case Kind::unknown_agent:
            return 404;
        case Kind::not_the_pending_key:
            return 409;
        case Kind::store_unavailable:
            return 503;
    }
    return 500;
}

template <typename Kind>
int status_of_change(Kind kind) {
    switch (kind) {
        case Kind::invalid:
            return 400;
        case Kind::not_found:
            return 404;
        case Kind::conflict:
            return 409;
        case Kind::store_unavailable:
            return 503;
    }
    return 500;
}

http::Response column_problem(std::string_view detail, std::size_t column) {
    auto response = http::problem(400, detail);
    auto body = json::parse(response.body).as_object();
    body["column"] = column;
    response.body = json::serialize(body);
    return response;
}

}  // namespace

http::Response to_problem(const auth::AccessError& error) {
    if (error.kind == auth::AccessError::Kind::wrong_credentials) {
        return unauthorized(error.detail, false);
    }
    auto response = http::problem(status_of(error.kind), error.detail);
    if (error.kind == auth::AccessError::Kind::rate_limited) {
        response.headers.emplace_back("Retry-After", std::to_string(error.retry_after_s));
    }
    return response;
}

http::Response to_problem(auth::TokenFailure failure) {
    using auth::TokenFailure;
    switch (failure) {
        case TokenFailure::missing:
            return unauthorized(
                "this needs a token: POST /auth/login gives one; send it as "
                "'Authorization: Bearer TOKEN'",
                false);
        case TokenFailure::malformed:
            return unauthorized(
                "the Authorization header must be 'Bearer ' and a token as POST /auth/login gave "
                "it",
                true);
        case TokenFailure::unknown:
            return unauthorized("the token is unknown: it was logged out, or never given", true);
        case TokenFailure::expired:
            return unauthorized("the token has expired; log in again", true);
        case TokenFailure::disabled:
            return unauthorized("the account of this token is disabled", true);
        case TokenFailure::unavailable:
            return http::problem(503, "the account store is unavailable; try again later");
    }
    return http::problem(500, "the token could not be checked");
}

http::Response to_problem(const dispatch::SubmitError& error) {
    auto response = http::problem(status_of(error.kind), error.detail);
    if (error.kind == dispatch::SubmitError::Kind::rate_limited) {
        response.headers.emplace_back("Retry-After",
                                      std::to_string((error.retry_after_ms + 999) / 1000));
    }
    return response;
}

http::Response to_problem(const dispatch::CancelError& error) {
    if (!error.record) return http::problem(status_of(error.kind), error.detail);
    return command_problem(status_of(error.kind), error.detail, *error.record);
}

http::Response to_problem(const dispatch::AcceptKeyError& error) {
    return http::problem(status_of(error.kind), error.detail);
}

http::Response to_problem(const targets::TargetError& error, std::string_view field) {
    return column_problem("'" + std::string(field) + "' is wrong: " + error.text(), error.column);
}

http::Response to_problem(const targets::ChangeError& error) {
    if (error.column) return column_problem(error.detail, *error.column);
    return http::problem(status_of_change(error.kind), error.detail);
}

http::Response to_problem(const runs::RunError& error) {
    if (error.column) return column_problem(error.detail, *error.column);
    return http::problem(status_of_change(error.kind), error.detail);
}

http::Response to_problem(const dispatch::StoreError& error) {
    log::error("the command store failed", {{"error", error.message}});
    return http::problem(503, "the database is unavailable; try again later");
}

http::Response ended_response(const dispatch::CommandRecord& record) {
    using protocol::CommandState;
    if (record.state == CommandState::success) return json_response(to_json(record));
    const bool late =
        record.state == CommandState::timeout || record.state == CommandState::expired;
    const auto detail =
        record.error && !record.error->empty()
            ? *record.error
            : "the command ended as " + std::string(protocol::to_text(record.state));
    return command_problem(late ? 504 : 422, detail, record);
}

http::Response still_open_problem(const dispatch::CommandRecord& record) {
    return command_problem(504,
                           "the command has not ended in the time given; it is " +
                               std::string(protocol::to_text(record.state)) +
                               " and goes on: GET /api/cockpit-agent/commands/" +
                               record.command_id + " tells how it ends",
                           record);
}

http::Response unreadable_problem(const dispatch::CommandRecord& accepted) {
    return command_problem(503,
                           "the command was accepted, but the database cannot tell how it stands; "
                           "ask GET /api/cockpit-agent/commands/" +
                               accepted.command_id + " later",
                           accepted);
}

}  // namespace cockpit::api
