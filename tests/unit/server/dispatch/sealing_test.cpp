#include "server/dispatch/sealing.hpp"

#include <gmock/gmock.h>

#include "crypto/keys.hpp"
#include "crypto/sodium.hpp"
#include "protocol/sealed_value.hpp"
#include "unit/server/dispatch/dispatcher_fixture.hpp"

namespace cockpit::dispatch {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace json = boost::json;

const protocol::CommandSchema deploy{
    .name = "deploy",
    .parameters = {{.name = "id"}, {.name = "token", .pattern = "[a-z]+", .secret = true}}};

class SealingTest : public DispatcherTest {
  protected:
    SealingTest() {
        crypto::initialize();
        directory.set_keys(web, host.public_key().to_base64(), std::nullopt);
        auto hello = hello_from("web-1", clock.wall + 1);
        hello.commands.push_back(deploy);
        directory.on_hello(hello, clock.wall);
    }
    Submitted submit_with_key(std::string token) {
        std::optional<Submitted> result;
        dispatcher.submit({.agent = web,
                           .command = "deploy",
                           .params = {{"token", token}},
                           .sent_by = "alice",
                           .idempotency = Submission::Idempotency{"key", "digest of " + token}},
                          [&](Submitted answer) { result = std::move(answer); });
        answers.deliver();
        return *std::move(result);
    }
    crypto::SigningKey host = crypto::SigningKey::generate();
};

TEST_F(SealingTest, only_the_host_can_read_what_is_written_down_and_sent) {
    const auto record = submit("deploy", {{"id", "a"}, {"token", "hunter"}});
    ASSERT_TRUE(record) << record.error().detail;
    const auto row = store.row_of(record->command_id);
    EXPECT_THAT(row->params, Not(HasSubstr("hunter")));
    const auto params = json::parse(row->params).as_object();
    EXPECT_EQ(params.at("id"), "a");
    const auto box = protocol::box_from_json(params.at("token"));
    ASSERT_TRUE(box);
    const auto opened = host.open(*box);
    ASSERT_TRUE(opened);
    const auto id = attempt(*record).command;
    EXPECT_EQ(protocol::value_from_seal({web, id, "token"}, *opened), "hunter");
    ASSERT_EQ(link.runs.size(), 1U);
    EXPECT_EQ(link.runs[0].params, params);
}

TEST_F(SealingTest, it_is_checked_before_it_is_sealed) {
    const auto refused = submit("deploy", {{"token", "HUNTER"}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Kind::invalid_params);
    EXPECT_THAT(refused.error().detail, Not(HasSubstr("HUNTER")));
    EXPECT_FALSE(submit("deploy", {{"token", json::object{{"sealed", "AAAA"}}}}));
}

TEST_F(SealingTest, a_host_without_a_usable_key_gets_none) {
    directory.set_keys(web, std::nullopt, std::nullopt);
    const auto refused = submit("deploy", {{"token", "hunter"}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Kind::agent_not_trusted);
    EXPECT_EQ(
        refused.error().detail,
        "parameter 'token' is a secret and cannot be sealed to agent 'web-1': the host has no "
        "key of its own; join it with `cockpit-server join-token`");
    EXPECT_TRUE(submit("deploy", {{"id", "a"}})) << "without the secret it needs none";
}

TEST_F(SealingTest, the_digest_of_a_request_is_made_with_a_key) {
    const auto first = submit_with_key("hunter");
    ASSERT_TRUE(first);
    EXPECT_NE(store.row_of(first->command_id)->request_digest, "digest of hunter");
    const auto again = submit_with_key("hunter");
    ASSERT_TRUE(again);
    EXPECT_EQ(again->command_id, first->command_id);
    EXPECT_EQ(submit_with_key("other").error().kind, Kind::key_used_before);
}

}  // namespace
}  // namespace cockpit::dispatch
