#pragma once
// The way out. notify owns this interface, server/delivery implements it with libcurl.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/await_callback.hpp"
#include "server/notify/target.hpp"

namespace cockpit::notify {

/// One HTTP request, or one e-mail.
struct Outgoing {
    TargetKind kind = TargetKind::webhook;
    std::string url;                                           ///< of webhooks and slack
    std::vector<std::pair<std::string, std::string>> headers;  ///< of webhooks and slack
    std::vector<std::string> recipients;                       ///< of e-mail
    std::string body;  ///< of the request; of an e-mail: the whole message, header included
};

struct SendOutcome {
    bool delivered = false;     ///< the receiver answered 2xx; the mail server took it
    std::optional<int> status;  ///< what it answered
    std::string error;          ///< a sentence, where it was not delivered
    std::string response;       ///< the first KiB of what it answered
    std::int64_t took_ms = 0;
    bool refused = false;  ///< by the rules of addresses: trying again would be of no use
    bool aborted = false;  ///< this server stops; nothing is known
};

class Sender {
  public:
    virtual ~Sender() = default;
    /// Makes one attempt, bounded in time. The callback comes exactly once, later.
    virtual void send(Outgoing outgoing, runtime::Callback<SendOutcome> done) = 0;
};

}  // namespace cockpit::notify
