#pragma once
// A deployment as server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html): `deployment`, with all of it,
// at first and each time it changed, and `end` as the last one. The rows are looked at twice a
// second, since another server may be the one that drives it.

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "server/deployments/deployment_store.hpp"
#include "server/http/message.hpp"

namespace cockpit::api {

/// `occupied` is let go with the stream: it counts the readers.
std::shared_ptr<http::BodyStream> deployment_events(const boost::asio::any_io_executor& io,
                                                    deployments::DeploymentStore& store,
                                                    std::string deployment_id,
                                                    std::shared_ptr<void> occupied);

}  // namespace cockpit::api
