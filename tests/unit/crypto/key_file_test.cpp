#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "crypto/encoding.hpp"
#include "crypto/keys.hpp"
#include "crypto/sodium.hpp"

namespace cockpit::crypto {
namespace {

namespace fs = std::filesystem;

struct KeyFile : testing::Test {
    KeyFile() {
        initialize();
        std::string name = (fs::temp_directory_path() / "cockpit-key-XXXXXX").string();
        directory = ::mkdtemp(name.data());
        file = directory / "agent.key";
    }
    ~KeyFile() override { fs::remove_all(directory); }

    void write(const std::string& text, mode_t mode = 0600) const {
        std::ofstream(file, std::ios::binary) << text;
        ::chmod(file.c_str(), mode);
    }
    std::string read() const {
        std::ostringstream text;
        text << std::ifstream(file).rdbuf();
        return text.str();
    }
    mode_t mode() const {
        struct stat status{};
        ::stat(file.c_str(), &status);
        return status.st_mode & 07777;
    }
    std::string error() const {
        const auto key = SigningKey::load_or_create(file);
        return key ? "loaded" : key.error();
    }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
    }

    fs::path directory;
    fs::path file;
};

TEST_F(KeyFile, is_made_once_for_its_owner_only) {
    const mode_t before = ::umask(0);
    const auto made = SigningKey::load_or_create(file);
    ::umask(before);
    ASSERT_TRUE(made) << made.error();
    EXPECT_EQ(mode(), 0600U);
    EXPECT_EQ(files(), 1U);
    EXPECT_EQ(read().size(), 45U);
    const auto loaded = SigningKey::load_or_create(file);
    ASSERT_TRUE(loaded) << loaded.error();
    EXPECT_EQ(loaded->public_key(), made->public_key());
    EXPECT_EQ(loaded->sign("m"), made->sign("m"));
}

TEST_F(KeyFile, holds_the_seed_of_rfc_8032) {
    // RFC 8032, section 7.1, test 1.
    write("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n");
    const auto key = SigningKey::load_or_create(file);
    ASSERT_TRUE(key) << key.error();
    EXPECT_EQ(to_hex(from_base64(key->public_key().to_base64()).value()),
              "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    EXPECT_EQ(
        to_hex(from_base64(key->sign("")).value()),
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39"
        "701cf9b46bd25bf5f0595bbe24655141438e7a100b");
}

TEST_F(KeyFile, open_to_others_is_refused) {
    ASSERT_TRUE(SigningKey::load_or_create(file));
    for (const mode_t open : {0640U, 0604U, 0644U, 0660U, 0620U, 0601U, 0777U}) {
        ::chmod(file.c_str(), open);
        EXPECT_EQ(error(), "the key file '" + file.string() +
                               "' can be read by other users: chmod 600 it, and replace the key if "
                               "somebody may have seen it");
    }
    ::chmod(file.c_str(), 0400);
    EXPECT_EQ(error(), "loaded");
}

TEST_F(KeyFile, junk_is_refused_and_left_alone) {
    const std::string good = to_base64(std::string(32, 'a'));
    for (const auto& text :
         {std::string(), std::string("\n"), std::string("junk"), to_base64(std::string(31, 'a')),
          to_base64(std::string(33, 'a')), good + good, good + "\nmore\n", " " + good,
          good + std::string(30, '\n') + "more", std::string(1 << 20, 'a')}) {
        write(text);
        EXPECT_EQ(error(), "the key file '" + file.string() +
                               "' holds no key: it must be one line, 32 bytes in base64")
            << text.substr(0, 100);
        EXPECT_EQ(read(), text);
    }
    write(good);
    EXPECT_EQ(error(), "loaded");
}

TEST_F(KeyFile, says_why_it_cannot_be_made_or_read) {
    file = directory / "missing" / "agent.key";
    EXPECT_EQ(error(),
              "cannot create the key file '" + file.string() + "': No such file or directory");
    file = directory;
    EXPECT_EQ(error(), "cannot read the key file '" + file.string() + "': Is a directory");
}

TEST_F(KeyFile, what_a_crash_left_aside_lends_its_mode_to_no_key) {
    const auto aside = file.string() + ".new." + std::to_string(::getpid());
    std::ofstream(aside) << "half";
    ::chmod(aside.c_str(), 0666);
    EXPECT_EQ(error(), "loaded");
    EXPECT_EQ(mode(), 0600U);
    EXPECT_EQ(files(), 1U);
}

TEST_F(KeyFile, processes_that_start_at_once_agree_on_one_key) {
    int results[2];
    ASSERT_EQ(::pipe(results), 0);
    constexpr int count = 8;
    std::vector<pid_t> children;
    for (int i = 0; i < count; ++i) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            const auto key = SigningKey::load_or_create(file);
            const auto name = key ? key->public_key().id() : std::string(16, '!');
            ::_exit(::write(results[1], name.data(), 16) == 16 ? 0 : 1);
        }
        children.push_back(child);
    }
    for (const pid_t child : children)
        ::waitpid(child, nullptr, 0);
    const auto expected = SigningKey::load_or_create(file).value().public_key().id();
    for (int i = 0; i < count; ++i) {
        char name[16];
        ASSERT_EQ(::read(results[0], name, sizeof name), 16);
        EXPECT_EQ(std::string(name, sizeof name), expected);
    }
    ::close(results[0]);
    ::close(results[1]);
    EXPECT_EQ(files(), 1U);
}

}  // namespace
}  // namespace cockpit::crypto
