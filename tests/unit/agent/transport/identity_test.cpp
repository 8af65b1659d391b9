#include "agent/transport/identity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/transport/outbox.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "crypto/sodium.hpp"

namespace cockpit::agent_transport {
namespace {

using protocol::EntryKind;
using testing::ElementsAre;

protocol::AgentId agent() {
    return *protocol::AgentId::parse("grafana-prod-01");
}
protocol::AttemptId attempt(int number) {
    return {
        *protocol::CommandId::parse("00000000-0000-4000-8000-00000000000" + std::to_string(number)),
        1};
}

TEST(Identity, the_registry_has_the_originals_fields_and_ours) {
    crypto::initialize();
    const auto key = crypto::SigningKey::generate();
    const Identity identity{.agent = agent(),
                            .hostname = "grafana.example",
                            .version = "1.2.3",
                            .commands = protocol::original_commands(),
                            .labels = {{"env", "prod"}, {"site", "berlin"}},
                            .os = "Debian",
                            .arch = "x86_64",
                            .started_at_ms = 1'700'000'000'999,
                            .heartbeat_s = 30};
    const auto command = registry_fields(identity, key.public_key(), {.running = 2, .executed = 17},
                                         Presence::online, 1'700'000'030'500);
    ASSERT_EQ(command.size() % 2, 0u);
    EXPECT_EQ(command[0], "HSET");
    EXPECT_EQ(command[1], "agents:grafana-prod-01");
    std::map<std::string, std::string> fields;
    for (std::size_t i = 2; i < command.size(); i += 2)
        fields[command[i]] = command[i + 1];
    const std::map<std::string, std::string> expected{
        {"status", "online"},
        {"last_heartbeat", "1700000030"},
        {"version", "1.2.3"},
        {"hostname", "grafana.example"},
        {"capabilities", "echo,git_pull,docker_restart"},
        {"started_at", "1700000000"},
        {"commands_executed", "17"},
        {"agent_id", "grafana-prod-01"},
        {"protocol", "1"},
        {"public_key", key.public_key().to_base64()},
        {"labels", "env=prod,site=berlin"},
        {"running", "2"},
        {"os", "Debian"},
        {"arch", "x86_64"}};
    EXPECT_EQ(fields, expected);
    EXPECT_THAT(registry_expiry(identity), ElementsAre("EXPIRE", "agents:grafana-prod-01", "90"));
}

TEST(Identity, a_join_proof_is_bound_to_token_id_and_key) {
    crypto::initialize();
    const auto key = crypto::SigningKey::generate().public_key();
    const auto proof = prove_join("t1.s3cret", agent(), key);
    ASSERT_TRUE(proof);
    EXPECT_EQ(proof->token_id, "t1");
    const auto hash = crypto::to_hex(crypto::sha256("s3cret"));
    EXPECT_EQ(proof->mac, crypto::to_base64(crypto::hmac_sha256(
                              hash, protocol::join_proof_input(agent(), key.to_base64()))));
    for (const auto* wrong : {"", "t1", ".s", "t1."}) {
        EXPECT_FALSE(prove_join(wrong, agent(), key)) << wrong;
    }
}

TEST(Outbox, keeps_the_latest_news_of_each_attempt_in_order_and_signs_it) {
    crypto::initialize();
    const auto key = crypto::SigningKey::generate();
    Outbox outbox;
    outbox.add(protocol::Received{agent(), attempt(1), 1});
    outbox.add(protocol::Received{agent(), attempt(2), 1});
    outbox.add(protocol::Started{agent(), attempt(1), 2});
    outbox.add(protocol::Refused{agent(), attempt(3), "no", 2});
    outbox.add(protocol::Finished{.agent = agent(), .attempt = attempt(1)});
    const auto entries = outbox.take(10, key);
    EXPECT_TRUE(outbox.empty());
    std::vector<EntryKind> kinds;
    for (const auto& entry : entries) {
        kinds.push_back(entry.kind);
        EXPECT_EQ(entry.key_id, key.public_key().id());
        EXPECT_TRUE(key.public_key().verifies(protocol::signing_input(entry.kind, entry.body),
                                              entry.signature));
    }
    EXPECT_THAT(kinds, ElementsAre(EntryKind::received, EntryKind::refused, EntryKind::finished));
    EXPECT_EQ(protocol::decode_received(entries[0].body)->attempt, attempt(2));
}

TEST(Outbox, gives_out_no_more_than_asked_for) {
    crypto::initialize();
    const auto key = crypto::SigningKey::generate();
    Outbox outbox;
    for (int number = 1; number <= 5; ++number) {
        outbox.add(protocol::Started{agent(), attempt(number), 1});
    }
    EXPECT_EQ(outbox.take(3, key).size(), 3u);
    EXPECT_EQ(outbox.take(3, key).size(), 2u);
    EXPECT_TRUE(outbox.take(3, key).empty());
}

}  // namespace
}  // namespace cockpit::agent_transport
