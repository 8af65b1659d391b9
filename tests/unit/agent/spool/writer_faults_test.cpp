// The disk is full; the writer is killed.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "fixture.hpp"

namespace cockpit::spool {
namespace {

using testing::HasSubstr;

/// Files cannot grow beyond `bytes` while it lives: stands for a disk that is full.
class FullDisk {
  public:
    explicit FullDisk(rlim_t bytes) {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, SIG_DFL);
    }

  private:
    rlimit before_{};
};

using WriterFaults = SpoolTest;

TEST_F(WriterFaults, a_full_disk_leaves_a_hole_and_the_hash_right) {
    auto out = writer({4'000, 4'000});
    ASSERT_TRUE(out.append(bytes_from(0, 2'000)));
    std::expected<void, std::string> written;
    {
        const FullDisk full(2'500);
        written = out.append(bytes_from(2'000, 1'000));
        EXPECT_FALSE(out.append(bytes_from(3'000, 500)));
    }
    ASSERT_FALSE(written);
    EXPECT_THAT(written.error(), HasSubstr("cannot write to"));
    EXPECT_THAT(written.error(), HasSubstr("output'"));
    EXPECT_FALSE(out.all_kept());
    const auto in = reader();
    {
        const auto piece = in.read(0, 8'000);
        ASSERT_TRUE(piece) << piece.error();
        EXPECT_EQ(piece->bytes, bytes_from(0, 2'000));
        const auto rest = in.read(2'000, 8'000);
        ASSERT_TRUE(rest) << rest.error();
        EXPECT_EQ(rest->bytes, "");
        EXPECT_EQ(rest->missing_before, 1'500u);
        EXPECT_EQ(rest->offset, 3'500u);
    }
    // There is room again.
    ASSERT_TRUE(out.append(bytes_from(3'500, 1'000)));
    const auto piece = in.read(2'000, 8'000);
    ASSERT_TRUE(piece) << piece.error();
    EXPECT_EQ(piece->offset, 3'500u);
    EXPECT_EQ(piece->missing_before, 1'500u);
    EXPECT_EQ(piece->bytes, bytes_from(3'500, 1'000));
    EXPECT_EQ(in.text(10'000), bytes_from(0, 2'000) + "\n[... 1500 bytes are missing here ...]\n" +
                                   bytes_from(3'500, 1'000));
    EXPECT_EQ(*in.sha256_hex(), std::nullopt);
    EXPECT_EQ(out.total(), 4'500u);
    EXPECT_EQ(out.sha256_hex(), crypto::to_hex(crypto::sha256(bytes_from(0, 4'500))));
}

TEST_F(WriterFaults, a_disk_that_fills_twice_leaves_one_hole) {
    auto out = writer({100, 100'000});
    ASSERT_TRUE(out.append(bytes_from(0, 1'000)));
    for (const std::uint64_t at : {1'000u, 1'020u}) {
        {
            const FullDisk full(1'000);
            EXPECT_FALSE(out.append(bytes_from(at, 10)));
        }
        EXPECT_TRUE(out.append(bytes_from(at + 10, 10)));
    }
    const auto piece = reader().read(1'000, 100);
    ASSERT_TRUE(piece) << piece.error();
    EXPECT_EQ(piece->offset, 1'030u);
    EXPECT_EQ(piece->bytes, bytes_from(1'030, 10));
    EXPECT_EQ(*reader().sha256_hex(), std::nullopt);
}

TEST_F(WriterFaults, killed_at_any_moment_no_byte_is_wrong) {
    const Limits limits{3'000, 10'000};
    std::mt19937 random(99);
    std::uint64_t most = 0;
    for (int round = 0; round < 60; ++round) {
        int ready[2];
        ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
        const auto child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            auto out = Writer::create(directory_, limits, this_boot);
            if (!out) ::_exit(1);
            // Every other round is killed while the tail is overwritten, however slow the machine
            // is; the others from the first byte on.
            while (round % 2 == 1 && out->total() <= limits.capacity())
                if (!out->append(bytes_from(out->total(), 1'000))) ::_exit(1);
            if (::write(ready[1], "x", 1) != 1) ::_exit(1);
            std::mt19937 sizes(static_cast<unsigned>(round));
            for (;;) {
                if (!out->append(bytes_from(out->total(), 1 + sizes() % 4'000))) ::_exit(1);
            }
        }
        ::close(ready[1]);
        char byte;
        ASSERT_EQ(::read(ready[0], &byte, 1), 1);
        ::close(ready[0]);
        // Any moment will do, and spinning makes more of them than sleeping.
        for (volatile unsigned spin = random() % 3'000'000; spin > 0; spin = spin - 1) {
        }
        ::kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed";

        const auto in = reader();
        const auto total = in.total();
        most = std::max(most, total);
        for (std::uint64_t at = 0; at < total;) {
            const auto piece = in.read(at, 1'000);
            ASSERT_TRUE(piece) << piece.error();
            ASSERT_EQ(piece->bytes, bytes_from(piece->offset, piece->bytes.size()));
            ASSERT_TRUE(!piece->bytes.empty() || piece->offset == total);
            at = piece->end();
        }
    }
    EXPECT_GT(most, limits.capacity()) << "no round came as far as to overwrite";
}

}  // namespace
}  // namespace cockpit::spool
