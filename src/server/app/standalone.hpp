#pragma once
// Standalone mode: the server brings its own Redis (unix socket only) and one agent for this very
// host, as supervised children that end with it, even when it is killed.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <expected>
#include <memory>
#include <string>

#include "config/environment.hpp"
#include "config/server_settings.hpp"
#include "crypto/keys.hpp"
#include "protocol/ids.hpp"
#include "server/app/supervised_child.hpp"

namespace cockpit::server {

class Standalone {
  public:
    /// Makes the local agent's directory and key. The error is a sentence.
    static std::expected<std::unique_ptr<Standalone>, std::string> create(
        boost::asio::any_io_executor executor, const config::ServerSettings& settings,
        const crypto::PublicKey& server_key);

    /// Who the local agent is: to be introduced before it says hello.
    const protocol::AgentId& agent_id() const { return agent_id_; }
    const std::string& agent_key() const { return agent_key_; }

    void start();
    boost::asio::awaitable<void> stop_agent();  ///< while its news can still be taken in
    boost::asio::awaitable<void> stop_redis();

  private:
    Standalone(boost::asio::any_io_executor executor, const config::ServerSettings& settings,
               const crypto::PublicKey& server_key, protocol::AgentId agent_id,
               std::string agent_key);
    std::filesystem::path state_directory_;
    protocol::AgentId agent_id_;
    std::string agent_key_;
    SupervisedChild redis_;
    SupervisedChild agent_;
};

}  // namespace cockpit::server
