#pragma once
// The hosts as server-sent events: `agents` with {"agents": […], "all": true} at first, then with
// those that changed, within half a second; `open` with the commands that have not ended, by host,
// at first and whenever they are others.

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "server/api/agent_feed.hpp"
#include "server/api/open_counts.hpp"
#include "server/http/message.hpp"
#include "server/targets/targeting.hpp"

namespace cockpit::api {

/// `occupied` is let go with the stream: it counts the readers. The others must outlive it.
std::shared_ptr<http::BodyStream> agent_events(const boost::asio::any_io_executor& io,
                                               AgentFeed& feed, OpenCounts& open,
                                               const targets::Targeting& targeting,
                                               std::shared_ptr<void> occupied);

}  // namespace cockpit::api
