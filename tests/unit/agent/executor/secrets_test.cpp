// Secrets on their way from the wire to a handler.
#include "agent/executor/secrets.hpp"

#include "protocol/sealed_value.hpp"
#include "unit/agent/executor/fixture.hpp"

namespace cockpit::executor {
namespace {

using testing::HasSubstr;

class SecretsTest : public ExecutorTest {
  protected:
    SecretsTest() {
        auto handler = std::make_unique<FakeHandler>(protocol::CommandSchema{
            .name = "deploy",
            .parameters = {{.name = "token", .pattern = "[a-z]+", .secret = true}}});
        deploy = handler.get();
        handlers.push_back(std::move(handler));
        auto chosen = settings();
        chosen.key = &host;
        chosen.allow_unsigned = true;
        make(chosen);
    }
    boost::json::value seal(int number, std::string_view value, const crypto::PublicKey& to) {
        const auto command = attempt(number).command;
        return protocol::sealed_to_json(
            *to.seal(protocol::text_to_seal({agent, command, "token"}, value)));
    }
    std::string refusal(int number, boost::json::value token) {
        const auto before = reports.refused.size();
        give(run(number, "deploy", {{"token", std::move(token)}}));
        return reports.refused.size() == before ? "run" : reports.refused.back().reason;
    }
    crypto::SigningKey host = crypto::SigningKey::generate();
    FakeHandler* deploy;
};

TEST_F(SecretsTest, the_handler_gets_it_in_the_clear_and_the_journal_does_not) {
    const auto box = seal(1, "hunter", host.public_key());
    EXPECT_EQ(refusal(1, box), "run");
    ASSERT_EQ(deploy->started.size(), 1U);
    EXPECT_EQ(deploy->started[0]->params.at("token").as_string(), "hunter");
    const auto& accepted = std::get<AcceptedRecord>(journal.records.at(0));
    EXPECT_EQ(accepted.run.params.at("token"), box);
}

TEST_F(SecretsTest, says_why_it_cannot_be_used) {
    const auto box = seal(1, "hunter", host.public_key());
    EXPECT_THAT(refusal(2, box), HasSubstr("it was sealed for another command or parameter"));
    EXPECT_THAT(refusal(3, "hunter"), HasSubstr("it must come sealed to this host's key"));
    EXPECT_THAT(refusal(4, seal(4, "hunter", server.public_key())),
                HasSubstr("it was not sealed to this host's present key"));
    const auto wrong = refusal(5, seal(5, "HUNTER", host.public_key()));
    EXPECT_THAT(wrong, HasSubstr("parameter 'token' of command 'deploy' must match"));
    EXPECT_THAT(wrong, testing::Not(HasSubstr("HUNTER")));
    EXPECT_TRUE(deploy->started.empty());
}

TEST_F(SecretsTest, none_comes_unsigned) {
    executor->take_original(
        R"({"command_id":"c1","command":"deploy","params":{"token":"hunter"},"sender":"x"})");
    ASSERT_EQ(reports.originals.size(), 1U);
    EXPECT_THAT(*reports.originals[0].error, HasSubstr("it can only come in a signed command"));
    EXPECT_TRUE(deploy->started.empty());
}

TEST_F(SecretsTest, a_command_without_secrets_takes_no_box) {
    EXPECT_EQ(open_secrets({.name = "a", .parameters = {{.name = "p"}}}, {{"p", "x"}}, nullptr),
              (boost::json::object{{"p", "x"}}));
}

}  // namespace
}  // namespace cockpit::executor
