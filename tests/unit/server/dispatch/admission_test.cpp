#include "server/dispatch/admission.hpp"

#include <gtest/gtest.h>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "crypto/keys.hpp"
#include "crypto/sodium.hpp"
#include "fakes/memory_agent_store.hpp"
#include "fakes/recording_agent_link.hpp"
#include "fakes/set_clock.hpp"
#include "unit/server/dispatch/hello.hpp"

namespace cockpit::dispatch {
namespace {

class AdmissionTest : public ::testing::Test {
  protected:
    AdmissionTest() {
        crypto::initialize();
        directory.on_link_restored(clock.wall);
    }

    static std::string new_key() { return crypto::SigningKey::generate().public_key().to_base64(); }

    /// What the agent does with COCKPIT_JOIN_TOKEN (docs/protocol.md).
    static protocol::Hello with_proof(protocol::Hello hello, const std::string& token) {
        const auto dot = token.find('.');
        const auto hash = crypto::to_hex(crypto::sha256(token.substr(dot + 1)));
        hello.join = {token.substr(0, dot),
                      crypto::to_base64(crypto::hmac_sha256(
                          hash, protocol::join_proof_input(hello.agent, hello.public_key)))};
        return hello;
    }
    std::string token(std::int64_t uses, std::int64_t lifetime_ms = 60'000) {
        auto issued = issue_join_token(uses, clock.wall + lifetime_ms, "admin", clock.wall);
        store.tokens[issued.row.id] = issued.row;
        EXPECT_EQ(issued.text.find(issued.row.secret_hash), std::string::npos);
        return issued.text;
    }
    void say(protocol::Hello hello, bool answer = true) {
        clock.advance(1);
        hello.at_ms = clock.wall;
        bool settled = false;
        admission.on_hello(hello, answer, [&](bool ok) { settled = ok; });
        answers.deliver();
        EXPECT_TRUE(settled);
    }
    std::string last_refusal() const {
        if (link.acks.empty() || link.acks.back().accepted) return "";
        return link.acks.back().detail;
    }

    fakes::SetClock clock;
    Turns answers;
    fakes::MemoryAgentStore store{answers.io.get_executor()};
    fakes::RecordingAgentLink link{answers.io.get_executor()};
    AgentDirectory directory;
    Admission admission{clock, directory, store, link};
};

TEST_F(AdmissionTest, a_proven_token_makes_the_host_known_by_its_key) {
    const auto key = new_key();
    say(with_proof(hello_from("web-1", 0, key), token(1)));
    ASSERT_EQ(link.acks.size(), 1u);
    EXPECT_TRUE(link.acks[0].accepted);
    EXPECT_EQ(*directory.key(agent_named("web-1")), key);
    EXPECT_EQ(store.agents.at("web-1").public_key, key);
}

TEST_F(AdmissionTest, without_a_token_a_stranger_is_told_what_to_do) {
    say(hello_from("web-1", 0, new_key()));
    EXPECT_NE(last_refusal().find("cockpit-server join-token"), std::string::npos);
    EXPECT_EQ(directory.size(), 0u) << "strangers must not fill the directory";
}

TEST_F(AdmissionTest, the_last_use_of_a_token_is_the_last) {
    const auto text = token(1);
    say(with_proof(hello_from("web-1", 0, new_key()), text));
    say(with_proof(hello_from("web-2", 0, new_key()), text));
    EXPECT_NE(last_refusal().find("used up"), std::string::npos);
    EXPECT_EQ(directory.key(agent_named("web-2")), nullptr);
}

TEST_F(AdmissionTest, an_expired_token_says_so) {
    const auto text = token(5, 1'000);
    clock.advance(2'000);
    say(with_proof(hello_from("web-1", 0, new_key()), text));
    EXPECT_NE(last_refusal().find("expired"), std::string::npos);
}

TEST_F(AdmissionTest, a_proof_is_bound_to_name_and_key) {
    const auto text = token(5);
    auto stolen = with_proof(hello_from("web-1", 0, new_key()), text);
    auto other_name = hello_from("web-2", 0, stolen.public_key);
    other_name.join = stolen.join;
    say(other_name);
    EXPECT_NE(last_refusal().find("does not hold the join token"), std::string::npos);
    auto other_key = hello_from("web-1", 0, new_key());
    other_key.join = stolen.join;
    say(other_key);
    EXPECT_NE(last_refusal().find("does not hold the join token"), std::string::npos);
    EXPECT_EQ(directory.size(), 0u);
}

TEST_F(AdmissionTest, a_changed_key_waits_for_an_administrator) {
    const auto first = new_key();
    const auto second = new_key();
    say(with_proof(hello_from("web-1", 0, first), token(2)));
    say(with_proof(hello_from("web-1", 0, second), token(2)));
    EXPECT_NE(last_refusal().find("the key of this host has changed"), std::string::npos);
    EXPECT_EQ(*directory.key(agent_named("web-1")), first);
    EXPECT_EQ(store.agents.at("web-1").pending_public_key, second);

    std::optional<std::expected<AgentView, AcceptKeyError>> answer;
    const auto accept = [&](const std::string& key) {
        admission.accept_key(agent_named("web-1"), key, "admin",
                             [&](auto result) { answer = std::move(result); });
        answers.deliver();
    };
    accept(new_key());
    ASSERT_FALSE(answer->has_value());
    EXPECT_EQ(answer->error().kind, AcceptKeyError::Kind::not_the_pending_key);
    accept(second);
    ASSERT_TRUE(answer->has_value());
    say(hello_from("web-1", 0, second));
    EXPECT_TRUE(link.acks.back().accepted);
    say(hello_from("web-1", 0, first));
    EXPECT_FALSE(link.acks.back().accepted) << "the old key is no longer this host's";
}

TEST_F(AdmissionTest, made_up_keys_do_not_keep_the_database_busy) {
    say(with_proof(hello_from("web-1", 0, new_key()), token(1)));
    const auto before = store.saves;
    for (int i = 0; i < 100; ++i)
        say(hello_from("web-1", 0, new_key()));
    EXPECT_EQ(store.saves - before, 1);
}

TEST_F(AdmissionTest, a_heartbeat_is_not_answered) {
    say(hello_from("web-1", 0, new_key()), false);
    EXPECT_TRUE(link.acks.empty());
}

}  // namespace
}  // namespace cockpit::dispatch
