#pragma once
// Argon2id off the I/O thread, a few at a time: each call takes 64 MiB, so that a flood of log-ins
// must not become a flood of memory. What exceeds the queue is turned away at once.
//
// All calls on the I/O thread. A cancelled caller leaves its work to end by itself.

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <memory>
#include <string>

#include "runtime/blocking_pool.hpp"

namespace cockpit::auth {

enum class HashFailure {
    busy,       ///< too many wait already
    no_memory,  ///< the system would not give the memory
};

class PasswordHasher {
  public:
    /// At most `at_once` on the pool and `waiting` in the queue. The pool must outlive this object.
    PasswordHasher(runtime::BlockingPool& pool, std::size_t at_once, std::size_t waiting);

    boost::asio::awaitable<std::expected<std::string, HashFailure>> hash(std::string password);
    boost::asio::awaitable<std::expected<bool, HashFailure>> verify(std::string hash,
                                                                    std::string password);
    /// Takes as long as verify() and is always false: for user names that do not exist.
    boost::asio::awaitable<std::expected<bool, HashFailure>> verify_nobody(std::string password);

  private:
    struct Queue;
    std::shared_ptr<Queue> queue_;
};

}  // namespace cockpit::auth
