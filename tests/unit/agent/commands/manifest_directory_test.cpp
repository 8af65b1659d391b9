#include "agent/commands/manifest_directory.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/agent/commands/fixture.hpp"
#include "unit/agent/commands/manifest_world.hpp"

namespace cockpit::commands {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string good = head + "arguments = [\"/bin/true\"]\n";

class ManifestDirectoryTest : public testing::Test {
  protected:
    LoadedManifests load() { return load_manifests(world.directory, {}, {"echo"}); }
    std::string error() {
        const auto loaded = load();
        return loaded.errors.size() == 1 ? loaded.errors.front()
                                         : std::to_string(loaded.errors.size()) + " errors";
    }
    std::vector<std::string> names() const {
        std::vector<std::string> list;
        for (const auto& handler : handlers)
            list.push_back(handler->schema().name);
        return list;
    }
    boost::asio::io_context io;
    ManifestWorld world;
    executor::CommandHandlers handlers;
    ManifestCommands commands{io.get_executor(), handlers, nullptr};
};

TEST_F(ManifestDirectoryTest, reads_what_ends_in_toml_and_is_not_hidden) {
    world.write("b.toml", good);
    world.write("a.toml", good);
    world.write(".c.toml", "nonsense");
    world.write("d.toml.bak", "nonsense");
    world.write("README", "nonsense");
    const auto loaded = load();
    EXPECT_THAT(loaded.errors, IsEmpty());
    commands.apply(loaded);
    EXPECT_THAT(names(), ElementsAre("a", "b"));
}

TEST_F(ManifestDirectoryTest, a_directory_that_is_not_there_holds_none) {
    const auto loaded = load_manifests(world.directory / "none", {}, {});
    EXPECT_FALSE(loaded.exists);
    EXPECT_TRUE(loaded.readable);
    EXPECT_THAT(loaded.errors, IsEmpty());
}

TEST_F(ManifestDirectoryTest, a_wrong_file_costs_its_own_command) {
    world.write("a.toml", good);
    world.write("echo.toml", good);
    world.write("z.toml", "x = 1");
    const auto loaded = load();
    EXPECT_EQ(loaded.commands.size(), 1U);
    EXPECT_THAT(loaded.wrong, ElementsAre("echo", "z"));
    EXPECT_THAT(loaded.errors.front(), HasSubstr("echo.toml: 'echo' is a command that this agent "
                                                 "has built in; give the file another name"));
}

TEST_F(ManifestDirectoryTest, who_else_could_write_there_is_an_error) {
    const auto file = world.write("a.toml", good);
    ::chmod(file.c_str(), 0664);
    EXPECT_THAT(error(), HasSubstr("a.toml: can be written by others, who could change what runs "
                                   "here; run: chmod go-w " +
                                   file.string()));
    ::chmod(file.c_str(), 0644);
    ::chmod(world.directory.c_str(), 0777);
    EXPECT_THAT(error(), HasSubstr("run: chmod go-w " + world.directory.string()));
    EXPECT_FALSE(load().readable);
    ::chmod(world.directory.c_str(), 0755);
    EXPECT_EQ(load().commands.size(), 1U);
    if (::geteuid() != 0) return;
    ASSERT_EQ(::chown(file.c_str(), 65534, 65534), 0);
    EXPECT_THAT(error(), HasSubstr("belongs to user id 65534, who could change what runs here; "
                                   "run: chown root " +
                                   file.string()));
}

TEST_F(ManifestDirectoryTest, neither_links_nor_pipes_nor_large_files_are_read) {
    const auto file = world.write("real", good);
    std::filesystem::create_symlink(file, world.directory / "a.toml");
    EXPECT_THAT(error(), HasSubstr("a.toml: is a symbolic link; put the file itself there"));
    std::filesystem::remove(world.directory / "a.toml");
    ::mkfifo((world.directory / "a.toml").c_str(), 0644);
    EXPECT_THAT(error(), HasSubstr("is not a file"));
    std::filesystem::remove(world.directory / "a.toml");
    world.write("a.toml", good + "#" + std::string(64 * 1024, 'x'));
    EXPECT_THAT(error(), HasSubstr("is larger than 64 KiB"));
}

TEST_F(ManifestDirectoryTest, reload_adds_changes_removes_and_keeps) {
    world.write("a.toml", good);
    world.write("b.toml", good);
    world.write("c.toml", good);
    EXPECT_THAT(commands.apply(load()).added, ElementsAre("a", "b", "c"));
    const auto* a = handlers[0].get();

    world.write("a.toml", good + "timeout_s = 5\n");
    world.write("b.toml", "nonsense");
    std::filesystem::remove(world.directory / "c.toml");
    world.write("d.toml", good);
    const auto changes = commands.apply(load());
    EXPECT_THAT(changes.added, ElementsAre("d"));
    EXPECT_THAT(changes.changed, ElementsAre("a"));
    EXPECT_THAT(changes.removed, ElementsAre("c"));
    EXPECT_THAT(changes.kept, ElementsAre("b"));
    EXPECT_THAT(names(), ElementsAre("a", "b", "d"));
    EXPECT_EQ(handlers[0].get(), a) << "commands that wait point at it";
    EXPECT_EQ(handlers[0]->schema().timeout_ms, 5'000);

    world.write("b.toml", good);
    world.write("c.toml", good);
    const auto again = commands.apply(load());
    EXPECT_THAT(again.added, ElementsAre("c"));
    EXPECT_THAT(again.kept, IsEmpty());
    ::chmod(world.directory.c_str(), 0777);
    EXPECT_THAT(commands.apply(load()).kept, ElementsAre("a", "b", "c", "d"));
    EXPECT_EQ(names().size(), 4U);
}

}  // namespace
}  // namespace cockpit::commands
