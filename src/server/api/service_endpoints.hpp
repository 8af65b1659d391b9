#pragma once
// Services: where their files come from, who gets them, how their hosts take them up.

#include "server/api/api.hpp"
#include "server/deployments/service_book.hpp"

namespace cockpit::api {

class ServiceEndpoints {
  public:
    ServiceEndpoints(deployments::ServiceBook& book, deployments::ServiceStore& store)
        : book_(book), store_(store) {}
    /// This object must outlive `api`.
    void add_to(Api& api);

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    Answer list(Call call);
    Answer find(Call call);
    Answer create(Call call);
    Answer replace(Call call);
    Answer remove(Call call);

    deployments::ServiceBook& book_;
    deployments::ServiceStore& store_;
};

}  // namespace cockpit::api
