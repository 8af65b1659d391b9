#pragma once
// News that waits for the end of this turn of the loop. Of one attempt only the latest is kept: who
// hears that it ended need not hear that it started. Pieces of output are all kept: their sender
// has a window. Pure.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crypto/keys.hpp"
#include "protocol/envelope.hpp"
#include "protocol/messages.hpp"
#include "protocol/output_messages.hpp"

namespace cockpit::agent_transport {

/// Signs with the host's own key.
protocol::Entry sign(protocol::EntryKind kind, std::string body, const crypto::SigningKey& key);

class Outbox {
  public:
    void add(const protocol::Received& news);
    void add(const protocol::Started& news);
    void add(const protocol::Finished& news);
    void add(const protocol::Refused& news);
    void add(const protocol::Output& news);

    bool empty() const { return news_.empty(); }
    void clear();
    /// Takes at most `limit` of them, the oldest first, signed.
    std::vector<protocol::Entry> take(std::size_t limit, const crypto::SigningKey& key);

  private:
    struct News {
        protocol::AttemptId attempt;
        protocol::EntryKind kind;
        std::string body;
    };
    void put(News news);
    std::map<std::uint64_t, News> news_;                   ///< by order of arrival
    std::map<protocol::AttemptId, std::uint64_t> places_;  ///< of all but output
    std::uint64_t next_ = 0;
};

}  // namespace cockpit::agent_transport
