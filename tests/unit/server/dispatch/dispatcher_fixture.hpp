#pragma once
// The dispatcher over stores and a link in memory, with one host that is online.

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "fakes/memory_command_store.hpp"
#include "fakes/recording_agent_link.hpp"
#include "fakes/set_clock.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "unit/server/dispatch/hello.hpp"

namespace cockpit::dispatch {

using protocol::CommandState;
using Kind = SubmitError::Kind;
using Submitted = std::expected<CommandRecord, SubmitError>;

class DispatcherTest : public ::testing::Test {
  protected:
    DispatcherTest() {
        directory.on_link_restored(clock.wall);
        clock.advance(60'000);
        directory.set_keys(web, "key-1", std::nullopt);
        directory.on_hello(hello_from("web-1", clock.wall), clock.wall);
    }

    static protocol::CommandId next_id() {
        static unsigned char number = 0;
        const unsigned char bytes[16] = {++number};
        return protocol::CommandId::from_random_bytes(bytes);
    }
    Submitted submit(std::string command, boost::json::object params,
                     std::string_view agent = "web-1") {
        std::optional<Submitted> result;
        dispatcher.submit({.agent = agent_named(agent),
                           .command = std::move(command),
                           .params = std::move(params),
                           .sent_by = "alice"},
                          [&](Submitted answer) { result = std::move(answer); });
        answers.deliver();
        EXPECT_TRUE(result.has_value());
        return *std::move(result);
    }
    CommandRecord echo() { return *submit("echo", {{"message", "hi"}}); }

    protocol::AttemptId attempt(const CommandRecord& record) {
        return {*protocol::CommandId::parse(record.command_id), record.attempt};
    }
    bool finish(const CommandRecord& record, std::string_view agent = "web-1",
                CommandState state = CommandState::success) {
        std::optional<bool> settled;
        dispatcher.on_finished({.agent = agent_named(agent),
                                .attempt = attempt(record),
                                .state = state,
                                .output = "hi",
                                .execution_time_ms = 3},
                               [&](bool ok) { settled = ok; });
        answers.deliver();
        EXPECT_TRUE(settled.has_value());
        return settled.value_or(false);
    }
    void refuse(const CommandRecord& record, protocol::Refused::Cause cause) {
        dispatcher.on_refused({web, attempt(record), "because", 0, cause}, [](bool) {});
        answers.deliver();
    }
    void leave() {
        clock.advance(10);
        directory.on_subscribers(web, 0, clock.wall);
    }
    void come_back() { directory.on_hello(hello_from("web-1", clock.wall), clock.wall); }
    Submitted queue(std::int64_t milliseconds) {
        std::optional<Submitted> result;
        dispatcher.submit(
            {.agent = web, .command = "echo", .sent_by = "alice", .queue_for_ms = milliseconds},
            [&](Submitted answer) { result = std::move(answer); });
        answers.deliver();
        return *std::move(result);
    }
    std::expected<CommandRecord, CancelError> cancel(const CommandRecord& record) {
        std::optional<std::expected<CommandRecord, CancelError>> result;
        dispatcher.cancel(attempt(record).command, "bob",
                          [&](auto answer) { result = std::move(answer); });
        answers.deliver();
        return *std::move(result);
    }
    CommandState state_of(const CommandRecord& record) {
        return store.row_of(record.command_id)->state;
    }
    void tick_for(std::int64_t milliseconds) {
        for (std::int64_t passed = 0; passed < milliseconds; passed += 500) {
            clock.advance(500);
            dispatcher.on_tick();
            answers.deliver();
        }
    }

    const protocol::AgentId web = agent_named("web-1");
    fakes::SetClock clock;
    Turns answers;
    fakes::MemoryCommandStore store{answers.io.get_executor()};
    fakes::RecordingAgentLink link{answers.io.get_executor()};
    AgentDirectory directory;
    Dispatcher dispatcher{{.delivery_timeout_ms = 10'000, .allow_unsigned_agents = true},
                          clock,
                          directory,
                          store,
                          link,
                          next_id};
};

}  // namespace cockpit::dispatch
