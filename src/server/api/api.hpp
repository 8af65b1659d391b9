#pragma once
// Collects endpoints and answers requests by their descriptions: route, token, permission, query
// and body are checked here, for every endpoint alike, before its handler runs.

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "server/api/endpoint.hpp"
#include "server/auth/access.hpp"
#include "server/http/message.hpp"
#include "server/http/router.hpp"

namespace cockpit::api {

class Api {
  public:
    /// `access` must outlive this object.
    explicit Api(auth::Access& access) : access_(access) {}

    /// Throws std::invalid_argument for a description that contradicts itself or another one.
    void add(Endpoint endpoint);
    const std::vector<Endpoint>& endpoints() const { return endpoints_; }

    /// Answers one request. The request must live until the answer is there.
    boost::asio::awaitable<http::Response> answer(const http::Request& request);
    /// Whether some endpoint has this path, with whatever method.
    bool knows_path(const http::Request& request) const;

  private:
    boost::asio::awaitable<http::Response> run(const http::Request& request);
    boost::asio::awaitable<std::expected<auth::Identity, http::Response>> admit(
        const http::Request& request, const Endpoint& endpoint);

    auth::Access& access_;
    http::Router router_;
    std::vector<Endpoint> endpoints_;
};

}  // namespace cockpit::api
