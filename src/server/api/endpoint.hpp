#pragma once
// The description of one endpoint: everything that is checked before its handler runs, and
// everything its document says.

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/api/field.hpp"
#include "server/auth/identity.hpp"
#include "server/http/message.hpp"

namespace cockpit::api {

/// A request that passed every check of its endpoint.
struct Call {
    std::map<std::string, std::string> path;  ///< path parameters by name
    boost::json::object query;                ///< as check_query returned it
    boost::json::object body;                 ///< as check_fields returned it
    auth::Identity identity;                  ///< empty for open endpoints
    std::string peer;
    std::optional<std::string> idempotency_key;  ///< the header of that name
    /// By name in lower case: those that the endpoint reads, or all of them for raw endpoints.
    std::map<std::string, std::string> headers;
    std::string raw_body;  ///< only of raw endpoints
};

struct Endpoint {
    /// Who may call it.
    enum class Guard {
        open,        ///< anybody
        identity,    ///< whoever has a valid token
        permission,  ///< whoever holds `permission`
    };

    std::string method;
    std::string pattern;  ///< as http::Router takes it
    std::string summary;
    Guard guard = Guard::permission;
    std::string permission;
    /// Whether somebody whose password must be changed first may call it.
    bool before_password_change = false;
    std::vector<Field> query;
    std::vector<Field> body;
    std::vector<std::string> headers;  ///< names in lower case of headers that the handler reads
    std::vector<std::pair<int, std::string>> responses;  ///< status and when
    /// The Call lives in the coroutine. What it throws becomes a 500.
    std::function<boost::asio::awaitable<http::Response>(Call)> handle;
    /// The handler reads headers and body itself, as they came: what is signed must not be parsed
    /// before it is verified. `body` must be empty.
    bool raw = false;
    /// The type (see shape.hpp) of what a success answers as JSON; empty: it is no JSON.
    std::string answer;
};

}  // namespace cockpit::api
