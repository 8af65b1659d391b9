#include "server/api/api.hpp"

#include <algorithm>
#include <stdexcept>

#include "server/api/json_body.hpp"
#include "server/api/problems.hpp"

namespace cockpit::api {
namespace asio = boost::asio;
namespace {

struct Credentials {
    bool well_formed = true;
    std::optional<std::string> token;
};

// RFC 6750, section 2.1; the scheme's name is case-insensitive (RFC 9110, section 11.1).
Credentials credentials_of(const http::Request& request) {
    const auto header = request.header("authorization");
    if (!header || header->empty()) return {};
    static constexpr std::string_view scheme = "bearer ";
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    const bool bearer = header->size() > scheme.size() &&
                        std::ranges::equal(header->substr(0, scheme.size()), scheme, {}, lower);
    if (!bearer) return {.well_formed = false};
    auto token = header->substr(scheme.size());
    token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
    return {.token = std::string(token)};
}

bool takes_body(const Endpoint& endpoint) {
    return endpoint.method != "GET";
}

// Other types are refused rather than read as JSON: a form sent by a browser is a mistake or an
// attack.
std::optional<http::Response> wrong_content_type(const http::Request& request) {
    const auto type = request.header("content-type");
    if (!type || type->empty()) return std::nullopt;
    auto name = std::string(type->substr(0, type->find(';')));
    std::erase_if(name, [](char c) { return c == ' ' || c == '\t'; });
    std::ranges::transform(name, name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (name == "application/json") return std::nullopt;
    return http::problem(415, "the Content-Type of the body must be application/json");
}

std::expected<boost::json::object, http::Response> body_of(const http::Request& request,
                                                           const Endpoint& endpoint) {
    if (!takes_body(endpoint) || endpoint.raw) return boost::json::object();
    const bool any_required =
        std::ranges::any_of(endpoint.body, [](const Field& field) { return field.required; });
    if (request.body.empty() && !any_required) return boost::json::object();
    if (auto wrong = wrong_content_type(request)) return std::unexpected(*std::move(wrong));
    auto body = read_json_body(request.body);
    if (!body) return std::unexpected(http::problem(400, body.error()));
    auto checked = check_fields(endpoint.body, *body);
    if (!checked) return std::unexpected(http::problem(400, checked.error()));
    return *std::move(checked);
}

bool is_idempotency_key(std::string_view key) {
    return !key.empty() && key.size() <= 255 &&
           std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

void Api::add(Endpoint endpoint) {
    if (!endpoint.handle) throw std::invalid_argument(endpoint.pattern + " has no handler");
    if ((endpoint.guard == Endpoint::Guard::permission) == endpoint.permission.empty()) {
        throw std::invalid_argument(endpoint.pattern + " must name a permission or be open");
    }
    if (!endpoint.permission.empty() && !auth::check_permissions({endpoint.permission})) {
        throw std::invalid_argument(endpoint.pattern + " names an unknown permission");
    }
    const auto route = router_.add(endpoint.method, endpoint.pattern);
    if (route != endpoints_.size()) throw std::logic_error("routes and endpoints differ");
    endpoints_.push_back(std::move(endpoint));
}

bool Api::knows_path(const http::Request& request) const {
    const auto match = router_.match(request.method, request.raw_path);
    return match || match.error().status != 404;
}

asio::awaitable<std::expected<auth::Identity, http::Response>> Api::admit(
    const http::Request& request, const Endpoint& endpoint) {
    if (endpoint.guard == Endpoint::Guard::open) co_return auth::Identity{};
    auto credentials = credentials_of(request);
    if (!credentials.well_formed) {
        co_return std::unexpected(to_problem(auth::TokenFailure::malformed));
    }
    auto identity = co_await access_.authenticate(std::move(credentials.token));
    if (!identity) co_return std::unexpected(to_problem(identity.error()));
    if (identity->must_change_password && !endpoint.before_password_change) {
        co_return std::unexpected(http::problem(
            403,
            "the password must be changed first: POST /auth/password with current_password "
            "and new_password"));
    }
    if (endpoint.guard == Endpoint::Guard::permission && !identity->may(endpoint.permission)) {
        co_return std::unexpected(http::problem(403, "this needs the permission '" +
                                                         endpoint.permission + "', which '" +
                                                         identity->username + "' does not have"));
    }
    co_return *std::move(identity);
}

asio::awaitable<http::Response> Api::run(const http::Request& request) {
    auto match = router_.match(request.method, request.raw_path);
    if (!match) {
        auto response = http::problem(match.error().status, match.error().detail);
        if (!match.error().allow.empty()) {
            response.headers.emplace_back("Allow", match.error().allow);
        }
        co_return response;
    }
    const auto& endpoint = endpoints_.at(match->route);
    auto identity = co_await admit(request, endpoint);
    if (!identity) co_return std::move(identity.error());
    auto query = check_query(endpoint.query, request.query);
    if (!query) co_return http::problem(400, query.error());
    auto body = body_of(request, endpoint);
    if (!body) co_return std::move(body.error());
    Call call{.path = std::move(match->parameters),
              .query = *std::move(query),
              .body = *std::move(body),
              .identity = *std::move(identity),
              .peer = request.peer_address};
    if (endpoint.raw) {
        call.headers = request.headers;
        call.raw_body = request.body;
    }
    if (const auto key = request.header("idempotency-key"); key && !endpoint.raw) {
        if (!is_idempotency_key(*key)) {
            co_return http::problem(
                400, "the Idempotency-Key header must be 1 to 255 printable ASCII characters");
        }
        call.idempotency_key = std::string(*key);
    }
    for (const auto& name : endpoint.headers) {
        if (const auto value = request.header(name)) call.headers.emplace(name, *value);
    }
    co_return co_await endpoint.handle(std::move(call));
}

asio::awaitable<http::Response> Api::answer(const http::Request& request) {
    auto response = co_await run(request);
    // Answers hold tokens and the state of this moment: no cache may keep them.
    response.headers.emplace_back("Cache-Control", "no-store");
    co_return response;
}

}  // namespace cockpit::api
