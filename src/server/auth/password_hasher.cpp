#include "server/auth/password_hasher.hpp"

#include <deque>
#include <new>

#include "crypto/password.hpp"

namespace cockpit::auth {

struct PasswordHasher::Queue : std::enable_shared_from_this<Queue> {
    Queue(runtime::BlockingPool& the_pool, std::size_t most, std::size_t most_waiting)
        : pool(the_pool), at_once(most), max_waiting(most_waiting) {}

    template <typename Result, typename Work>
    void submit(Work work, runtime::Callback<std::expected<Result, HashFailure>> done) {
        using Outcome = std::expected<Result, HashFailure>;
        if (running >= at_once && waiting.size() >= max_waiting) {
            done(std::unexpected(HashFailure::busy));
            return;
        }
        auto guarded = [work = std::move(work)]() -> Outcome {
            try {
                return work();
            } catch (const std::bad_alloc&) {
                return std::unexpected(HashFailure::no_memory);
            }
        };
        // The place is given back when the work has ended, whether or not somebody still waits for
        // it.
        waiting.emplace_back([guarded = std::move(guarded),
                              done = std::move(done)](Queue& queue) mutable {
            queue.pool.run(std::move(guarded), [self = queue.shared_from_this(),
                                                done = std::move(done)](Outcome outcome) mutable {
                --self->running;
                self->start_waiting();
                done(std::move(outcome));
            });
        });
        start_waiting();
    }

    void start_waiting() {
        while (running < at_once && !waiting.empty()) {
            auto job = std::move(waiting.front());
            waiting.pop_front();
            ++running;
            job(*this);
        }
    }

    runtime::BlockingPool& pool;
    std::size_t at_once;
    std::size_t max_waiting;
    std::size_t running = 0;
    std::deque<std::move_only_function<void(Queue&)>> waiting;
};

PasswordHasher::PasswordHasher(runtime::BlockingPool& pool, std::size_t at_once,
                               std::size_t waiting)
    : queue_(std::make_shared<Queue>(pool, at_once, waiting)) {}

boost::asio::awaitable<std::expected<std::string, HashFailure>> PasswordHasher::hash(
    std::string password) {
    co_return co_await runtime::await_callback<std::expected<std::string, HashFailure>>(
        [&](auto done) {
            queue_->submit<std::string>(
                [password = std::move(password)] { return crypto::hash_password(password); },
                std::move(done));
        });
}

boost::asio::awaitable<std::expected<bool, HashFailure>> PasswordHasher::verify(
    std::string hash, std::string password) {
    co_return co_await runtime::await_callback<std::expected<bool, HashFailure>>([&](auto done) {
        queue_->submit<bool>(
            [hash = std::move(hash), password = std::move(password)] {
                return crypto::verify_password(hash, password);
            },
            std::move(done));
    });
}

boost::asio::awaitable<std::expected<bool, HashFailure>> PasswordHasher::verify_nobody(
    std::string password) {
    co_return co_await runtime::await_callback<std::expected<bool, HashFailure>>([&](auto done) {
        queue_->submit<bool>(
            [password = std::move(password)] { return crypto::hash_password(password).empty(); },
            std::move(done));
    });
}

}  // namespace cockpit::auth
