#include <gmock/gmock.h>

#include <random>
#include <thread>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "fixture.hpp"

namespace cockpit::spool {
namespace {

using testing::HasSubstr;

std::string hex_of(std::string_view bytes) {
    return crypto::to_hex(crypto::sha256(bytes));
}

/// What must be readable of `all` when nothing was lost.
bool is_kept(const Limits& limits, std::size_t total, std::size_t offset) {
    return offset < limits.head || offset + limits.tail >= total;
}

std::string expected_text(std::string_view all, const Limits& limits, std::size_t limit) {
    const auto head = all.size() <= limit ? all.size() : limit / 2;
    const auto tail = all.size() <= limit ? 0 : limit - limit / 2;
    std::string text;
    std::size_t missing = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const bool wanted = i < head || i + tail >= all.size();
        if (!wanted || !is_kept(limits, all.size(), i)) {
            ++missing;
            continue;
        }
        if (missing > 0) {
            text += "\n[... " + std::to_string(missing) + " bytes are missing here ...]\n";
            missing = 0;
        }
        text += all[i];
    }
    return text;
}

void expect_same_as(const Reader& reader, const std::string& all) {
    const auto limits = reader.limits();
    ASSERT_EQ(reader.total(), all.size());
    for (std::size_t offset = 0; offset <= all.size() + 2; ++offset) {
        const auto piece = reader.read(offset, 3);
        ASSERT_TRUE(piece) << piece.error();
        auto start = offset;
        while (start < all.size() && !is_kept(limits, all.size(), start))
            ++start;
        ASSERT_EQ(piece->offset, start) << "asked for " << offset << " of " << all.size();
        ASSERT_EQ(piece->missing_before, start - offset);
        std::size_t count = 0;
        while (count < 3 && start + count < all.size() &&
               is_kept(limits, all.size(), start + count))
            ++count;
        ASSERT_EQ(piece->bytes, count == 0 ? std::string() : all.substr(start, count));
    }
    for (const std::size_t limit : {std::size_t{0}, std::size_t{1}, std::size_t{5}, all.size(),
                                    all.size() + 1, std::size_t{1000}}) {
        const auto text = reader.text(limit);
        ASSERT_TRUE(text) << text.error();
        if (limit > 0) ASSERT_EQ(*text, expected_text(all, limits, limit)) << limit;
    }
    const auto hash = reader.sha256_hex();
    ASSERT_TRUE(hash) << hash.error();
    if (all.size() <= limits.capacity()) {
        ASSERT_EQ(*hash, hex_of(all));
    } else {
        ASSERT_EQ(*hash, std::nullopt);
    }
}

using Spool = SpoolTest;

TEST_F(Spool, keeps_the_beginning_and_the_end_at_every_size) {
    for (const Limits limits : {Limits{4, 6}, Limits{0, 5}, Limits{7, 1}, Limits{0, 1}}) {
        for (std::size_t size = 0; size < 3 * limits.capacity() + 3; ++size) {
            auto out = writer(limits);
            ASSERT_TRUE(out.append(bytes_from(0, size)));
            EXPECT_EQ(out.total(), size);
            EXPECT_EQ(out.sha256_hex(), hex_of(bytes_from(0, size)));
            EXPECT_EQ(out.all_kept(), size <= limits.capacity());
            expect_same_as(reader(), bytes_from(0, size));
            if (HasFatalFailure()) return;
        }
    }
}

TEST_F(Spool, is_the_same_however_the_output_comes) {
    std::mt19937 random(4711);
    for (int round = 0; round < 200; ++round) {
        const Limits limits{random() % 40, 1 + random() % 40};
        auto out = writer(limits);
        const auto in = reader();
        std::string all;
        for (auto steps = random() % 12; steps > 0; --steps) {
            const auto more = bytes_from(all.size(), random() % 30);
            all += more;
            ASSERT_TRUE(out.append(more));
        }
        ASSERT_EQ(out.sha256_hex(), hex_of(all));
        expect_same_as(in, all);
        if (HasFatalFailure()) return;
    }
}

TEST_F(Spool, text_names_what_is_missing) {
    auto out = writer({10, 10});
    ASSERT_TRUE(out.append("0123456789abcdefghij"));
    EXPECT_EQ(reader().text(20), "0123456789abcdefghij");
    EXPECT_EQ(reader().text(8), "0123\n[... 12 bytes are missing here ...]\nghij");
    ASSERT_TRUE(out.append("KLMNO"));
    EXPECT_EQ(reader().text(25), "0123456789\n[... 5 bytes are missing here ...]\nfghijKLMNO");
}

TEST_F(Spool, a_large_output_takes_no_more_room_than_its_limits) {
    const Limits limits{100'000, 300'000};
    auto out = writer(limits);
    for (std::uint64_t at = 0; at < 5'000'000; at += 50'000)
        ASSERT_TRUE(out.append(bytes_from(at, 50'000)));
    EXPECT_EQ(std::filesystem::file_size(directory_ / "output"), limits.capacity());
    const auto in = reader();
    const auto head = in.read(0, 1'000'000);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->bytes, bytes_from(0, 100'000));
    const auto tail = in.read(100'000, 1'000'000);
    ASSERT_TRUE(tail);
    EXPECT_EQ(tail->offset, 4'700'000u);
    EXPECT_EQ(tail->missing_before, 4'600'000u);
    EXPECT_EQ(tail->bytes, bytes_from(4'700'000, 300'000));
}

TEST_F(Spool, a_reader_beside_the_writer_sees_no_wrong_byte) {
    const Limits limits{5'000, 20'000};
    auto out = writer(limits);
    constexpr std::uint64_t size = 4'000'000;
    std::jthread writing([&out] {
        std::mt19937 random(7);
        while (out.total() < size) {
            const auto count = std::min<std::uint64_t>(1 + random() % 9'000, size - out.total());
            if (!out.append(bytes_from(out.total(), count))) return;
        }
    });
    const auto in = reader();
    std::uint64_t at = 0;
    std::uint64_t seen = 0;
    while (at < size) {
        const auto piece = in.read(at, 3'000);
        ASSERT_TRUE(piece) << piece.error();
        ASSERT_EQ(piece->offset, at + piece->missing_before);
        ASSERT_EQ(piece->bytes, bytes_from(piece->offset, piece->bytes.size()));
        seen += piece->bytes.size();
        at = piece->end();
    }
    EXPECT_GE(seen, limits.head);
    EXPECT_EQ(in.total(), size);
}

TEST_F(Spool, a_new_writer_begins_anew) {
    {
        auto out = writer({4, 4});
        ASSERT_TRUE(out.append("old output that is longer"));
    }
    auto out = writer({10, 10});
    EXPECT_EQ(reader().total(), 0u);
    ASSERT_TRUE(out.append("new"));
    expect_same_as(reader(), "new");
}

TEST_F(Spool, after_a_boot_only_a_finished_spool_is_trusted) {
    auto out = writer({4, 4});
    ASSERT_TRUE(out.append("012345"));
    auto piece = reader("boot-2").read(0, 10);
    ASSERT_TRUE(piece) << piece.error();
    EXPECT_EQ(piece->bytes, "");
    EXPECT_EQ(piece->offset, 6u);
    EXPECT_EQ(piece->missing_before, 6u);
    EXPECT_EQ(reader("boot-2").text(10), "\n[... 6 bytes are missing here ...]\n");
    ASSERT_TRUE(out.finish());
    EXPECT_TRUE(reader().extent()->ended);
    expect_same_as(reader("boot-2"), "012345");
}

TEST_F(Spool, what_is_no_spool_is_refused_with_a_reason) {
    const auto error = [&] { return Reader::open(directory_, this_boot).error(); };
    EXPECT_THAT(error(), HasSubstr("limits': No such file or directory"));
    ASSERT_TRUE(replace_file(directory_ / "limits", "many"));
    EXPECT_THAT(error(), HasSubstr("limits' is damaged: it must be two numbers and an id"));
    auto out = writer({4, 4});
    ASSERT_TRUE(out.append("0123"));
    ASSERT_TRUE(replace_file(directory_ / "length", std::string(extent_size, 'x')));
    const auto read = reader().read(0, 10);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error(), "the spool's file 'length' is damaged");
    EXPECT_EQ(reader().total(), 0u);
    const auto made = Writer::create(directory_, {4, 0}, this_boot);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error(), "a spool keeps at least one byte of the end");
}

}  // namespace
}  // namespace cockpit::spool
