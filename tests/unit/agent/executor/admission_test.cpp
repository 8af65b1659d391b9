// What must never run: forged, altered, misaddressed, unsigned, expired, repeated, not allowed.
#include "unit/agent/executor/fixture.hpp"

namespace cockpit::executor {
namespace {

using protocol::EntryKind;
using testing::HasSubstr;

TEST_F(ExecutorTest, a_genuine_run_is_run_and_its_stream_copy_is_not_needed_any_more) {
    make();
    EXPECT_TRUE(give(run(1, "echo", {{"message", "hello"}})));
    ASSERT_EQ(echo().started.size(), 1u);
    EXPECT_EQ(echo().started[0]->params.at("message").as_string(), "hello");
    ASSERT_EQ(reports.started.size(), 1u);
    EXPECT_EQ(reports.started[0].attempt, attempt(1));
    EXPECT_EQ(executor->counts().rejected, 0);
}

TEST_F(ExecutorTest, what_is_not_genuine_is_rejected_counted_and_never_answered) {
    make();
    const auto stranger = crypto::SigningKey::generate();
    auto altered = entry(run(1));
    altered.body.replace(altered.body.find("admin"), 5, "edwin");
    auto forged = sign(EntryKind::run, run(1), stranger);
    forged.key_id = server.public_key().id();
    auto other_kind = entry(run(1));
    other_kind.kind = EntryKind::cancel;
    auto misaddressed = run(1);
    misaddressed.agent = *protocol::AgentId::parse("somebody-else");
    auto unsigned_entry = entry(run(1));
    unsigned_entry.signature.clear();
    auto huge = run(1);
    huge.sender.assign(max_body_bytes, 'x');
    const auto body_is_no_run = [&] {
        protocol::Entry made{EntryKind::run, server.public_key().id(), "{}", ""};
        made.signature = server.sign(protocol::signing_input(made.kind, made.body));
        return made;
    }();
    const auto kind_of_an_agent =
        sign(EntryKind::started, protocol::Started{agent, attempt(1), clock.wall}, server);

    const std::vector<std::pair<std::string, protocol::Entry>> cases{
        {"altered", altered},
        {"forged", forged},
        {"signed by a stranger", sign(EntryKind::run, run(1), stranger)},
        {"signed as another kind", other_kind},
        {"misaddressed", entry(misaddressed)},
        {"unsigned", unsigned_entry},
        {"huge", entry(huge)},
        {"no run", body_is_no_run},
        {"an agent's kind", kind_of_an_agent}};
    std::int64_t rejected = 0;
    for (const auto& [name, bad] : cases) {
        EXPECT_TRUE(give(bad)) << name << ": must be deleted from the stream";
        EXPECT_EQ(executor->counts().rejected, ++rejected) << name;
    }
    EXPECT_EQ(runs(), 0u);
    EXPECT_TRUE(reports.refused.empty());
    EXPECT_TRUE(reports.finished.empty());
    EXPECT_TRUE(journal.records.empty());
}

TEST_F(ExecutorTest, one_of_several_pinned_keys_is_enough) {
    const auto second = crypto::SigningKey::generate();
    auto chosen = settings();
    chosen.server_keys.push_back(second.public_key());
    make(chosen);
    give(sign(EntryKind::run, run(1), second));
    EXPECT_EQ(runs(), 1u);
}

struct Refusal {
    std::string name;
    std::function<void(protocol::Run&)> change;
    std::string sentence;
};

TEST_F(ExecutorTest, what_the_host_will_not_run_is_refused_with_the_reason) {
    make();
    const std::vector<Refusal> cases{
        {"unknown command", [](auto& r) { r.command = "format_disk"; },
         "unknown command 'format_disk': this host can do echo, git_pull, docker_restart"},
        {"unknown parameter", [](auto& r) { r.params = {{"volume", "11"}}; },
         "unknown parameter 'volume' for command 'echo': it takes message"},
        {"wrong type", [](auto& r) { r.params = {{"message", 7}}; },
         "parameter 'message' of command 'echo' must be a string"},
        {"expired", [](auto& r) { r.issued_at_ms -= 60'000, r.expires_at_ms -= 50'000; },
         "it expired 40.0 s ago by the clock of this host"},
        {"too long a life", [](auto& r) { r.expires_at_ms += 30LL * 24 * 3600 * 1000; },
         "it would be valid for 30 days; this agent takes commands that expire within 7 days"},
        {"no time to run", [](auto& r) { r.timeout_ms = 0; }, "its timeout_ms must be more than 0"},
    };
    int number = 0;
    for (const auto& [name, change, sentence] : cases) {
        auto bad = run(++number);
        change(bad);
        EXPECT_TRUE(give(bad)) << name;
        ASSERT_EQ(reports.refused.size(), static_cast<std::size_t>(number)) << name;
        EXPECT_EQ(reports.refused.back().reason, sentence);
        EXPECT_EQ(reports.refused.back().attempt, attempt(number));
    }
    EXPECT_EQ(runs(), 0u);
}

TEST_F(ExecutorTest, the_owners_rules_are_the_last_word) {
    git().forbidden = "path '/etc' is not in GIT_REPO_PATH";
    make();
    give(pull(1, "/etc"));
    ASSERT_EQ(reports.refused.size(), 1u);
    EXPECT_EQ(reports.refused[0].reason, "path '/etc' is not in GIT_REPO_PATH");
    EXPECT_TRUE(journal.records.empty());
    EXPECT_EQ(runs(), 0u);
}

TEST_F(ExecutorTest, an_expired_publication_says_how_far_the_clocks_are_apart) {
    make();
    auto late = run(1);
    late.issued_at_ms -= 300'000;
    late.expires_at_ms -= 300'000;
    give(entry(late), Way::channel);
    ASSERT_EQ(reports.refused.size(), 1u);
    EXPECT_EQ(
        reports.refused[0].reason,
        "it expired 4 min ago by the clock of this host; it arrived at once, so the clocks of "
        "this host and of the server are about 5 min apart: set both by NTP");
}

TEST_F(ExecutorTest, a_repeat_is_never_run_again_while_its_entry_could_be_valid) {
    make();
    const auto first = entry(run(1));
    give(first, Way::channel);
    EXPECT_TRUE(give(first, Way::stream));
    echo().end(0, {CommandState::success, "pong"});
    EXPECT_TRUE(give(first));
    ack(1);
    EXPECT_TRUE(give(first));
    clock.pass(9'999);
    executor->on_time();
    give(first);
    EXPECT_EQ(runs(), 1u);
    clock.pass(200'000);
    executor->on_time();
    give(first);
    EXPECT_EQ(runs(), 1u);
    EXPECT_THAT(reports.refused.back().reason, HasSubstr("it expired"));
}

TEST_F(ExecutorTest, another_attempt_of_the_same_command_is_another_run) {
    make();
    give(run(1));
    auto again = run(1);
    again.attempt.attempt = 2;
    give(again);
    EXPECT_EQ(runs(), 2u);
}

TEST_F(ExecutorTest, a_clock_that_goes_back_does_not_make_a_forgotten_attempt_new) {
    make();
    const auto first = entry(run(1));
    give(first);
    echo().end(0, {CommandState::success, ""});
    ack(1);
    clock.pass(200'000);
    executor->on_time();
    clock.wall -= 200'000;
    give(first);
    EXPECT_EQ(runs(), 1u);
    ASSERT_EQ(reports.refused.size(), 1u);
    EXPECT_THAT(reports.refused[0].reason, HasSubstr("the clock of this host went back"));
}

TEST_F(ExecutorTest, memory_is_bounded) {
    auto chosen = settings();
    chosen.max_remembered = 2;
    make(chosen);
    give(run(1));
    give(run(2));
    give(run(3));
    EXPECT_EQ(runs(), 2u);
    ASSERT_EQ(reports.refused.size(), 1u);
    EXPECT_THAT(reports.refused[0].reason, HasSubstr("it remembers 2 commands"));
}

TEST_F(ExecutorTest, the_answer_to_a_hello_is_passed_on_once_and_an_old_one_is_not) {
    make();
    const auto answer = [&](bool accepted, std::int64_t at_ms) {
        give(sign(EntryKind::ack,
                  protocol::Ack{.agent = agent,
                                .accepted = accepted,
                                .detail = accepted ? "" : "unknown key",
                                .issued_at_ms = at_ms},
                  server));
    };
    answer(false, clock.wall);
    answer(false, clock.wall);
    answer(true, clock.wall + 5);
    answer(false, clock.wall + 1);
    ASSERT_EQ(reports.hellos.size(), 2u);
    EXPECT_EQ(reports.hellos[0].detail, "unknown key");
    EXPECT_TRUE(reports.hellos[1].accepted);
}

}  // namespace
}  // namespace cockpit::executor
