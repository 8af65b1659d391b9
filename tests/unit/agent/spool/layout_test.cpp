#include "agent/spool/layout.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "fixture.hpp"

namespace cockpit::spool {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

protocol::AttemptId attempt(char digit, int tries = 1) {
    return {*protocol::CommandId::parse(std::string("00000000-0000-4000-8000-00000000000") + digit),
            tries};
}

using Layout = SpoolTest;

TEST_F(Layout, a_directory_is_named_after_the_attempt_and_private) {
    const auto root = directory_ / "spool";
    EXPECT_TRUE(attempts_in(root).empty());
    const auto made = create_directory(root, attempt('1', 3));
    ASSERT_TRUE(made) << made.error();
    EXPECT_EQ(*made, root / "00000000-0000-4000-8000-000000000001.3");
    EXPECT_EQ(*made, directory_of(root, attempt('1', 3)));
    for (const auto& path : {root, *made}) {
        EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0700));
    }
    EXPECT_TRUE(create_directory(root, attempt('1', 3))) << "a second time is no error";

    ASSERT_TRUE(create_directory(root, attempt('2')));
    std::filesystem::create_directory(root / "lost+found");
    std::filesystem::create_directory(root / "00000000-0000-4000-8000-000000000001.0");
    EXPECT_THAT(attempts_in(root), UnorderedElementsAre(attempt('1', 3), attempt('2')));

    ASSERT_TRUE(remove(root, attempt('1', 3)));
    EXPECT_THAT(attempts_in(root), UnorderedElementsAre(attempt('2')));
    EXPECT_TRUE(remove(root, attempt('1', 3)));
}

TEST_F(Layout, a_directory_that_cannot_be_made_is_named) {
    std::ofstream(directory_ / "file");
    const auto made = create_directory(directory_ / "file", attempt('1'));
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error(), HasSubstr("cannot create the directory"));
    EXPECT_THAT(made.error(), HasSubstr("Not a directory"));
}

TEST_F(Layout, limits_are_read_as_written_and_nothing_else_is) {
    const auto text = encode(Making{{10, 20}, "boot"});
    EXPECT_EQ(text, "10 20\nboot\n");
    const auto making = decode_making(text);
    ASSERT_TRUE(making);
    EXPECT_EQ(making->limits, (Limits{10, 20}));
    EXPECT_EQ(making->boot_id, "boot");
    EXPECT_EQ(decode_making("0 1\n")->boot_id, "");
    for (const auto* wrong : {"", "10", "10 20", "10 0\n", "-1 5\n", "10 20 30\n", "a b\n", "\n 1"})
        EXPECT_FALSE(decode_making(wrong)) << wrong;
}

TEST_F(Layout, an_extent_is_read_as_written_and_half_of_one_is_not) {
    const Extent extent{1, 2, 3, 0x1122334455667788, true};
    const auto bytes = encode(extent);
    ASSERT_EQ(bytes.size(), extent_size);
    EXPECT_EQ(bytes.substr(0, 8), std::string("\1\0\0\0\0\0\0\0", 8)) << "little endian";
    EXPECT_EQ(decode_extent(bytes), extent);
    const auto other = encode(Extent{0x101, 0x202, 3, 4, false});
    for (std::size_t cut = 1; cut < extent_size; ++cut) {
        EXPECT_FALSE(decode_extent(bytes.substr(0, cut)));
        const auto mixed = bytes.substr(0, cut) + other.substr(cut);
        if (mixed != bytes && mixed != other) EXPECT_FALSE(decode_extent(mixed)) << cut;
    }
}

TEST_F(Layout, the_size_on_disk_is_that_of_the_output) {
    EXPECT_EQ(size_on_disk(directory_), 0u);
    auto out = writer({1000, 1000});
    ASSERT_TRUE(out.append(bytes_from(0, 1500)));
    ASSERT_TRUE(out.finish());
    EXPECT_GE(size_on_disk(directory_), 1500u);
    EXPECT_LE(size_on_disk(directory_), 64 * 1024u);
}

}  // namespace
}  // namespace cockpit::spool
