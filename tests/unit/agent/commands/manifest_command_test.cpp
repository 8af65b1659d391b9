#include "agent/commands/manifest_command.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include "unit/agent/commands/fixture.hpp"
#include "unit/agent/commands/keeping_fixture.hpp"
#include "unit/agent/commands/manifest_world.hpp"

namespace cockpit::commands {
namespace {

using executor::StopReason;
using protocol::CommandState;
using testing::HasSubstr;
using Words = std::vector<std::string>;

class ManifestCommandTest : public testing::Test {
  protected:
    std::shared_ptr<const Manifest> manifest(const std::string& text) {
        auto made = read(head + text);
        if (!made) throw std::runtime_error(made.error().front());
        return std::make_shared<const Manifest>(*std::move(made));
    }
    ManifestCommand command(const std::string& text) {
        return ManifestCommand(io.get_executor(), manifest(text), keeping(world.directory));
    }
    std::expected<runtime::ChildSettings, std::string> prepared(const std::string& text,
                                                                const boost::json::object& params) {
        const auto made = manifest(text);
        const auto checked = protocol::validate_parameters(made->schema, params);
        if (!checked) return std::unexpected(checked.error());
        return prepare(*made, *checked);
    }
    boost::asio::io_context io;
    ManifestWorld world;
};

TEST_F(ManifestCommandTest, a_value_stays_one_argument) {
    const auto child = prepared(
        "arguments = [\"/bin/x\", \"--m={m}\", \"{m}\", \"{n}\", \"{b}\"]\n[parameters.m]\n"
        "type = \"string\"\n[parameters.n]\ntype = \"integer\"\n[parameters.b]\ntype = "
        "\"boolean\"",
        {{"m", "a b; $(c)\n*"}, {"n", 5}, {"b", true}});
    ASSERT_TRUE(child) << child.error();
    EXPECT_EQ(child->arguments, (Words{"/bin/x", "--m=a b; $(c)\n*", "a b; $(c)\n*", "5", "true"}));
}

TEST_F(ManifestCommandTest, what_is_optional_and_absent_is_left_out) {
    const std::string text =
        "arguments = [\"/bin/x\", \"{a}\", \"--b={b}\"]\n[environment]\nA = \"{a}\"\nB = \"{b}\"\n"
        "[parameters.a]\ntype = \"string\"\nrequired = false\n[parameters.b]\ntype = \"integer\"\n"
        "default = 3";
    const auto without = prepared(text, {});
    ASSERT_TRUE(without) << without.error();
    EXPECT_EQ(without->arguments, (Words{"/bin/x", "--b=3"}));
    EXPECT_FALSE(without->environment.contains("A"));
    EXPECT_EQ(without->environment.at("B"), "3");
    const auto with = prepared(text, {{"a", ""}});
    ASSERT_TRUE(with);
    EXPECT_EQ(with->arguments, (Words{"/bin/x", "", "--b=3"})) << "empty is a value";
}

TEST_F(ManifestCommandTest, no_value_becomes_an_option) {
    const std::string text =
        "arguments = [\"/bin/x\", \"{a}\"]\n[parameters.a]\ntype = \"string\"\n";
    const auto refused = prepared(text, {{"a", "-rf"}});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error(), HasSubstr("parameter 'a' must not begin with '-' here"));
    EXPECT_TRUE(prepared(text, {{"a", "r-f"}}));
    EXPECT_TRUE(prepared(text + "may_begin_with_dash = true", {{"a", "-rf"}}));
    EXPECT_TRUE(prepared("arguments = [\"/bin/x\", \"-{a}\"]\n[parameters.a]\ntype = \"string\"",
                         {{"a", "-rf"}}))
        << "the owner began it with a dash himself";
    EXPECT_TRUE(
        prepared("arguments = [\"/bin/x\", \"{a}\"]\n[parameters.a]\ntype = \"enum\"\n"
                 "values = [\"-a\"]",
                 {{"a", "-a"}}));
    EXPECT_FALSE(prepared("arguments = [\"/bin/x\", \"{a}\"]\n[parameters.a]\ntype = \"integer\"",
                          {{"a", -1}}));
}

TEST_F(ManifestCommandTest, a_path_stays_below_its_root_whatever_it_is_called) {
    namespace fs = std::filesystem;
    const auto root = world.directory / "root";
    fs::create_directories(root / "in");
    fs::create_directories(world.directory / "root2");
    fs::create_symlink("/etc", root / "out");
    fs::create_symlink("in", root / "same");
    const std::string text =
        "arguments = [\"/bin/x\", \"{p}\"]\nresource = \"r:{p}\"\n"
        "[parameters.p]\ntype = \"path\"\nroot = \"" +
        root.string() + "\"\n";
    const auto path = [&](const std::string& p, const std::string& more = "") {
        const auto child = prepared(text + more, {{"p", p}});
        return child ? child->arguments[1] : child.error();
    };
    EXPECT_EQ(path(root), root);
    EXPECT_EQ(path(root / "same" / ""), root / "in") << "the program gets what was checked";
    EXPECT_EQ(path(root / "new" / "x"), root / "new" / "x");
    EXPECT_THAT(path(root / "out"),
                HasSubstr("leads out of " + root.string() + ": on this host it is /etc"));
    EXPECT_THAT(path(root / "out" / "passwd"), HasSubstr("leads out of"));
    EXPECT_THAT(path(root / "same/../../root2"), HasSubstr("at or below"));
    EXPECT_THAT(path(world.directory / "root2"), HasSubstr("at or below"));
    EXPECT_THAT(path(root / "new", "must_exist = true"), HasSubstr("does not exist on this host"));
    auto made = command(text);
    EXPECT_EQ(made.resource({{"p", (root / "same").string()}}), "r:" + (root / "in").string())
        << "two names of one path are one resource";
}

TEST_F(ManifestCommandTest, runs_with_a_small_environment) {
    auto made = command(
        "arguments = [\"/usr/bin/env\"]\nworking_directory = \"/tmp\"\n[environment]\nX = "
        "\"{t}\"\n[parameters.t]\ntype = \"secret\"");
    CommandRun run(io, made, {{"t", "a=b c"}});
    const auto outcome = run.outcome();
    ASSERT_EQ(outcome.state, CommandState::success) << *outcome.error;
    std::set<std::string> names;
    std::istringstream lines(outcome.output);
    for (std::string line; std::getline(lines, line);)
        names.insert(line.substr(0, line.find('=')));
    EXPECT_EQ(names,
              (std::set<std::string>{"COCKPIT_ATTEMPT", "HOME", "LANG", "PATH", "USER", "X"}));
    EXPECT_THAT(outcome.output, HasSubstr("X=a=b c\n"));
}

TEST_F(ManifestCommandTest, tells_how_it_failed) {
    auto made = command("arguments = [\"/bin/false\"]");
    CommandRun run(io, made, {});
    EXPECT_EQ(run.outcome().state, CommandState::error);
    EXPECT_EQ(run.outcome().error, "deploy failed: exit code 1");
    EXPECT_EQ(run.outcome().exit_code, 1);
    auto missing = command("arguments = [\"/no/such/program\"]");
    CommandRun none(io, missing, {});
    EXPECT_THAT(*none.outcome().error, HasSubstr("'/no/such/program' cannot be started"));
}

TEST_F(ManifestCommandTest, runs_as_another_user) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    auto made = command("arguments = [\"/usr/bin/id\"]\nuser = \"nobody\"");
    CommandRun run(io, made, {});
    EXPECT_THAT(run.outcome().output, HasSubstr("(nobody)"));
    EXPECT_THAT(run.outcome().output, testing::Not(HasSubstr("0(root)")));
}

TEST_F(ManifestCommandTest, one_that_waited_is_started_by_the_new_description) {
    auto made = command("arguments = [\"/bin/echo\", \"old\"]");
    made.replace(manifest("arguments = [\"/bin/echo\", \"new\"]"));
    CommandRun run(io, made, {});
    EXPECT_EQ(run.outcome().output, "new\n");

    auto bounded = command(
        "arguments = [\"/bin/echo\", \"{a}\"]\n[parameters.a]\ntype = "
        "\"string\"");
    std::optional<executor::Outcome> outcome;
    bounded.replace(
        manifest("arguments = [\"/bin/echo\", \"{a}\"]\n[parameters.a]\ntype = "
                 "\"string\"\npattern = \"[a-z]\""));
    const auto execution = bounded.start({.params = {{"a", "1"}}, .timeout_ms = 1'000},
                                         [&](auto end) { outcome = std::move(end); });
    execution->go();
    io.restart();
    io.run();
    ASSERT_TRUE(outcome);
    EXPECT_THAT(*outcome->error, HasSubstr("was changed while it waited for its turn: parameter"));

    made.replace(nullptr);
    CommandRun gone(io, made, {});
    EXPECT_EQ(gone.outcome().state, CommandState::error);
    EXPECT_THAT(*gone.outcome().error, HasSubstr("took the command 'deploy' away"));
}

}  // namespace
}  // namespace cockpit::commands
