#include "agent/commands/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "unit/agent/commands/manifest_world.hpp"

namespace cockpit::commands {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Manifest, every_key) {
    const auto manifest = read(R"(
description = "Deploy one version"
arguments = ["/usr/bin/deploy", "--id={id}", "{path}", "{mode}"]
idempotent = true
timeout_s = 90
resource = "deploy:{path}"
working_directory = "{path}"
[environment]
TOKEN = "{token}"
[parameters.path]
type = "path"
root = "/srv"
must_exist = true
[parameters.id]
type = "string"
description = "which"
pattern = "[a-z]+"
max_length = 20
[parameters.mode]
type = "enum"
values = ["fast", "safe"]
required = false
[parameters.token]
type = "secret"
)");
    ASSERT_TRUE(manifest) << manifest.error().front();
    EXPECT_EQ(manifest->schema.name, "deploy");
    EXPECT_TRUE(manifest->schema.idempotent);
    EXPECT_FALSE(manifest->schema.pure);
    EXPECT_EQ(manifest->schema.timeout_ms, 90'000);
    ASSERT_EQ(manifest->schema.parameters.size(), 4U);
    const auto& path = manifest->schema.parameters[0];
    EXPECT_EQ(path.name, "path") << "in the order of the file";
    EXPECT_EQ(path.root, "/srv");
    EXPECT_TRUE(path.required);
    EXPECT_TRUE(manifest->rules.at("path").must_exist);
    EXPECT_EQ(manifest->schema.parameters[1].max_length, 20U);
    EXPECT_FALSE(manifest->schema.parameters[2].required);
    EXPECT_TRUE(manifest->schema.parameters[3].secret);
    EXPECT_FALSE(manifest->user.change) << "it runs as the agent does";
}

TEST(Manifest, what_is_not_said_has_a_default) {
    const auto manifest = read_manifest("/c/a.toml", head + "arguments = [\"/bin/true\"]",
                                        {.default_timeout = std::chrono::seconds(7)});
    ASSERT_TRUE(manifest);
    EXPECT_FALSE(manifest->schema.idempotent);
    EXPECT_EQ(manifest->schema.timeout_ms, 7'000);
    EXPECT_FALSE(manifest->resource);
}

// Each text with the one complaint about it.
TEST(Manifest, names_file_line_column_and_what_would_be_right) {
    const std::string good = head + "arguments = [\"/bin/x\", \"{p}\"]\n";
    const std::string p = good + "[parameters.p]\n";
    const std::pair<std::string, std::string> cases[] = {
        {head + "arguments = [\"/bin/x\"]\ntimout_s = 3",
         "3:1: unknown key 'timout_s'; did you mean 'timeout_s'? allowed: description, "
         "arguments, "},
        {"arguments = [\"/bin/x\"]", "1:1: 'description' is missing"},
        {head, "1:1: 'arguments' is missing; write arguments = "},
        {head + "arguments = []", "2:13: 'arguments' must have 1 to 100 texts"},
        {head + "arguments = \"/bin/x\"", "2:13: 'arguments' must be a list of texts, not a text"},
        {head + "arguments = [\"/bin/x\", 1]",
         "2:24: 'arguments' must be a list of texts, and this is an integer"},
        {head + "arguments = [\"ls\"]", "2:14: 'ls' cannot be the program; "},
        {head + "arguments = [\"/bin/x\", \"{p}\"]",
         "2:24: {p} in '{p}' is no parameter of this command; it has none: write [parameters.p]"},
        {head + "arguments = [\"/bin/x\", \"{\"]", "2:24: in '{': '{' is not closed; "},
        {head + "arguments = [\"/bin/x\"]\ntimeout_s = 0",
         "3:13: 'timeout_s' must be from 1 to 86400, not 0"},
        {head + "arguments = [\"/bin/x\"]\nidempotent = \"yes\"",
         "3:14: 'idempotent' must be true or false, not a text"},
        {head + "arguments = [\"/bin/x\"]\nuser = \"no such user\"",
         "3:8: user 'no such user' is not known on this host"},
        {head + "arguments = [\"/bin/x\"]\nworking_directory = \"srv\"",
         "3:21: 'working_directory' must begin with '/'"},
        {head + "arguments = [\"/bin/x\"]\n[environment]\n1A = \"x\"",
         "4:1: '1A' cannot be the name of a variable"},
        {head + "arguments = [\"/bin/x\"]\n[environment]\nA = 1",
         "4:5: variable 'A' must be a text without NUL"},
        {head + "arguments = [\"/bin/x\"]\n[parameters.p]\ntype = \"string\"",
         "3:13: parameter 'p' is not used; put {p} into an argument"},
        {good + "parameters = 1", "3:14: 'parameters' must be tables"},
        {p, "3:13: parameter 'p' has no 'type'; allowed: string, enum, integer, boolean, path, "},
        {p + "type = \"sting\"", "4:8: unknown type 'sting'; did you mean 'string'?"},
        {p + "type = \"string\"\nmin = 1",
         "5:1: 'min' does not go with type 'string'; it is for: "},
        {p + "type = \"string\"\npattern = \"(\"",
         "5:11: 'pattern' cannot be used: a '(' is not closed"},
        {p + "type = \"string\"\npattern = \"a\"\nmax_length = 4097",
         "6:14: 'max_length' must be from 1 to 4096, not 4097"},
        {p + "type = \"enum\"", "3:13: parameter 'p' is an enum and has no 'values'"},
        {p + "type = \"enum\"\nvalues = [\"a\", \"a\"]", "5:10: 'values' holds 'a' twice"},
        {p + "type = \"integer\"\nmin = 2\nmax = 1", "5:7: 'min' is greater than 'max'"},
        {p + "type = \"integer\"\nmax = 1\ndefault = 2",
         "6:11: the default of 'p' must be at most 1"},
        {p + "type = \"boolean\"\ndefault = \"true\"",
         "5:11: the default of 'p' must be a boolean"},
        {p + "type = \"path\"", "3:13: parameter 'p' is a path and has no 'root'"},
        {p + "type = \"path\"\nroot = \"/srv/../etc\"", "5:8: 'root' must be an absolute path"},
        {p + "type = \"secret\"\ndefault = \"x\"", "5:1: 'default' does not go with type 'secret'"},
        {p + "type = \"string\"\nrequired = true\ndefault = \"x\"",
         "5:12: parameter 'p' is required and has a default"},
        {head + "arguments = [\"/bin/x\", \"a{p}\"]\n[parameters.p]\ntype = \"string\"\nrequired = "
                "false",
         "2:24: 'a{p}' needs a value for 'p', which is optional and has no default; "},
        {head + "arguments = [\"/bin/x\", \"{p}\"]\nresource = \"{p}\"\n[parameters.p]\ntype = "
                "\"secret\"",
         "3:12: 'resource' uses the secret 'p': "},
        {"a = [", "1:6: this is no TOML: "},
        {"a = 1\na = 2", "2:5: this is no TOML: "},
    };
    for (const auto& [text, complaint] : cases) {
        const auto lines = complaints(text);
        EXPECT_THAT(lines, HasSubstr("/c/deploy.toml:" + complaint)) << text;
    }
}

TEST(Manifest, tells_all_that_is_wrong_at_once) {
    const auto manifest = read("descripton = 1\narguments = [\"x\"]\ntimeout_s = -1");
    ASSERT_FALSE(manifest);
    EXPECT_EQ(manifest.error().size(), 4U);
}

TEST(Manifest, the_name_of_the_file_is_the_commands) {
    for (const auto* name : {"Restart", "1a", "a b", "", "a.b"})
        EXPECT_FALSE(is_command_name(name)) << name;
    EXPECT_FALSE(is_command_name(std::string(51, 'a')));
    EXPECT_TRUE(is_command_name("a1_b-c"));
    const auto manifest = read_manifest("/c/No.toml", head + "arguments = [\"/bin/x\"]", {});
    ASSERT_FALSE(manifest);
    EXPECT_THAT(manifest.error().front(),
                StartsWith("/c/No.toml:1:1: 'No' cannot be a command's name; name the file with"));
}

TEST(Manifest, another_user_needs_root) {
    const auto manifest = read(head + "arguments = [\"/bin/x\"]\nuser = \"nobody\"");
    if (::geteuid() == 0) {
        ASSERT_TRUE(manifest) << manifest.error().front();
        ASSERT_TRUE(manifest->user.change);
        EXPECT_NE(manifest->user.change->uid, 0U);
        EXPECT_FALSE(manifest->user.change->groups.empty());
    } else {
        ASSERT_FALSE(manifest);
        EXPECT_THAT(manifest.error().front(),
                    HasSubstr("cannot run a command as 'nobody': only root can"));
    }
}

TEST(Manifest, the_shipped_ones_are_right) {
    const auto shipped =
        std::filesystem::path(__FILE__).parent_path() / "../../../../share/commands";
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(shipped)) {
        std::ifstream file(entry.path());
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        const auto manifest = read_manifest(entry.path(), text, {});
        ASSERT_TRUE(manifest) << manifest.error().front();
        names.insert(manifest->schema.name);
    }
    EXPECT_EQ(names,
              (std::set<std::string>{"disk_usage", "git_status", "ping", "systemctl_restart"}));
}

}  // namespace
}  // namespace cockpit::commands
