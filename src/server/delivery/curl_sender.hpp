#pragma once
// Sends notifications with libcurl (7.85 or newer): webhooks by HTTP and HTTPS, e-mail by SMTP.
//
// Each attempt runs on a thread of a small pool of its own, with the time limit of the settings, so
// nothing here blocks the I/O thread and at most `threads` receivers are spoken to at once.
// Redirects are not followed, proxies of the environment not used, certificates always verified.
// The address of an HTTP receiver is judged when the socket is made for it, after the name was
// resolved. The mail server is the operator's own and is not judged.

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/blocking_pool.hpp"
#include "server/notify/sender.hpp"

namespace cockpit::delivery {

struct SenderSettings {
    std::size_t threads = 8;
    std::int64_t timeout_ms = 10'000;      ///< of one attempt, from resolving to the last byte
    bool allow_local = false;              ///< loopback, link-local and the like too
    std::vector<std::string> allow_hosts;  ///< names and addresses that may be local
    std::string smtp_url;                  ///< smtp://host:port or smtps://host:port
    std::string smtp_user;
    std::string smtp_password;
    std::string smtp_from;
    bool smtp_require_tls = true;  ///< STARTTLS must succeed on smtp://
};

class CurlSender final : public notify::Sender {
  public:
    /// Results come on `io`.
    CurlSender(boost::asio::any_io_executor io, SenderSettings settings);
    /// stop(), and waits for what is under way.
    ~CurlSender() override;

    void send(notify::Outgoing outgoing, runtime::Callback<notify::SendOutcome> done) override;
    /// Ends what is under way within about a second, as aborted. From any thread.
    void stop() { stopping_ = true; }

  private:
    notify::SendOutcome attempt(const notify::Outgoing& outgoing) const;

    const SenderSettings settings_;
    std::atomic<bool> stopping_{false};
    runtime::BlockingPool pool_;
};

}  // namespace cockpit::delivery
