#pragma once
// What the executor tells the world. executor owns this interface, agent/transport implements it.
//
// Nothing here waits and nothing here is certain to arrive: the executor keeps each result until it
// was acknowledged and reports it again (and a server repeats its fetch), so an implementation
// without a connection may drop what it is given.

#include "protocol/messages.hpp"
#include "protocol/original.hpp"
#include "protocol/output_messages.hpp"

namespace cockpit::executor {

class Reports {
  public:
    virtual ~Reports() = default;
    virtual void report(const protocol::Received& news) = 0;
    virtual void report(const protocol::Started& news) = 0;
    virtual void report(const protocol::Finished& news) = 0;
    virtual void report(const protocol::Refused& news) = 0;

    /// A piece of output, or the answer to a fetch.
    virtual void report(const protocol::Output& news) = 0;

    /// The answer to a command of the original's wire. Nobody acknowledges these: it is given once.
    virtual void answer_original(const protocol::original::Response& response) = 0;

    /// The server's verified answer to this agent's hello: accepted, or refused with a detail.
    virtual void hello_answered(const protocol::Ack& answer) = 0;
};

}  // namespace cockpit::executor
