#pragma once
// The targets over a store in memory, and what an I/O thread does.

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>

#include "crypto/keys.hpp"
#include "fakes/memory_notification_store.hpp"
#include "fakes/recording_sender.hpp"
#include "fakes/set_clock.hpp"
#include "server/notify/target_book.hpp"

namespace cockpit::notify {

inline constexpr std::string_view some_secret = "0123456789abcdef";

class NotifyTest : public testing::Test {
  protected:
    /// Lets everything happen that waits.
    void turn() {
        io.restart();
        io.run();
    }
    template <typename Result, typename Start>
    Result wait(Start start) {
        std::optional<Result> result;
        start(runtime::Callback<Result>([&](Result value) { result.emplace(std::move(value)); }));
        turn();
        return std::move(result).value();
    }
    TargetBook::Changed create(std::string name, TargetKind kind, TargetFields fields) {
        return wait<TargetBook::Changed>([&](auto done) {
            targets.create(std::move(name), kind, std::move(fields), "admin", std::move(done));
        });
    }
    void add_webhook(std::string name, std::vector<std::string> events = {"*"}) {
        const auto made = create(std::move(name), TargetKind::webhook,
                                 {.url = "https://example.org/hook",
                                  .secret = std::string(some_secret),
                                  .events = std::move(events)});
        ASSERT_TRUE(made) << made.error().detail;
    }

    boost::asio::io_context io;
    fakes::SetClock clock;
    fakes::MemoryNotificationStore store{io.get_executor()};
    crypto::SecretBox box{crypto::SigningKey::generate().derive("test")};
    TargetBook targets{store, clock, box, "cockpit@example.org"};
    int ids = 0;
    std::function<std::string()> new_id = [this] { return "id-" + std::to_string(++ids); };
};

}  // namespace cockpit::notify
