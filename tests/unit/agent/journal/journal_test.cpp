#include "agent/journal/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <fstream>

#include "agent/journal/frame.hpp"
#include "agent/journal/journal_file.hpp"
#include "agent/journal/record.hpp"

namespace cockpit::journal {
namespace {

using namespace executor;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t now = 1'800'000'000'000;

protocol::AgentId agent() {
    return *protocol::AgentId::parse("host");
}
protocol::AttemptId attempt(char digit, int tries = 1) {
    return {*protocol::CommandId::parse(std::string("00000000-0000-4000-8000-00000000000") + digit),
            tries};
}
AcceptedRecord accepted(char digit) {
    return {{.agent = agent(),
             .attempt = attempt(digit),
             .command = "git_pull",
             .params = {{"repository_path", "/srv/a"}},
             .issued_at_ms = now,
             .expires_at_ms = now + 10'000,
             .timeout_ms = 5'000,
             .sender = "admin"}};
}
StartedRecord started(char digit) {
    return {attempt(digit), now + 1, "boot-1"};
}
FinishedRecord finished(char digit, std::string output = "done") {
    return {{.agent = agent(),
             .attempt = attempt(digit),
             .output = std::move(output),
             .execution_time_ms = 12,
             .exit_code = 0,
             .at_ms = now + 2},
            now + 10'000};
}
RefusedRecord refused(char digit) {
    return {{agent(), attempt(digit), "no", now}, now + 10'000};
}
AcknowledgedRecord acknowledged(char digit) {
    return {attempt(digit), now + 10'000};
}

std::string frame(const JournalRecord& record) {
    std::string out;
    append_frame(out, encode(record));
    return out;
}
std::string frames(const std::vector<JournalRecord>& records) {
    std::string out;
    for (const auto& record : records)
        out += frame(record);
    return out;
}
std::string as_text(const JournalContents& contents) {
    std::string text;
    for (const auto& record : to_records(contents))
        text += encode(record) + "\n";
    return text;
}

class JournalTest : public testing::Test {
  protected:
    JournalTest() {
        std::string name = (std::filesystem::temp_directory_path() / "journal.XXXXXX").string();
        directory = ::mkdtemp(name.data());
    }
    ~JournalTest() override { std::filesystem::remove_all(directory); }

    std::filesystem::path path() const { return directory / "journal"; }
    void write(std::string_view bytes) const {
        std::ofstream(path(), std::ios::binary | std::ios::trunc) << bytes;
    }
    std::string bytes() const { return *system_disk().read(path()); }
    JournalFile::Opened open(std::int64_t at = now) {
        auto opened = JournalFile::open(system_disk(), path(), at);
        EXPECT_TRUE(opened) << opened.error();
        return *std::move(opened);
    }

    std::filesystem::path directory;
};

TEST(Frame, checksum_is_the_published_crc32c) {
    // RFC 3720, appendix B.4: 32 bytes of zeroes, and of ones.
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
    EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(Record, started_names_its_process_and_earlier_ones_name_none) {
    auto record = started('1');
    record.process = executor::ProcessMark{.pid = 4'000'000, .start_time = UINT64_MAX};
    const auto back = decode_record(encode(record));
    ASSERT_TRUE(back) << back.error();
    EXPECT_EQ(std::get<StartedRecord>(*back).process, record.process);
    const auto earlier = decode_record(
        R"({"record":"started","command_id":"00000000-0000-4000-8000-000000000001","attempt":1,)"
        R"("at_ms":5,"boot_id":"b"})");
    ASSERT_TRUE(earlier) << earlier.error();
    EXPECT_EQ(std::get<StartedRecord>(*earlier).process, std::nullopt);
}

TEST(Record, each_kind_comes_back_as_it_was) {
    const std::vector<JournalRecord> records{accepted('1'), started('1'),      finished('1'),
                                             refused('2'),  acknowledged('1'), HorizonRecord{5, 6}};
    for (const auto& record : records) {
        const auto text = encode(record);
        const auto back = decode_record(text);
        ASSERT_TRUE(back) << back.error();
        EXPECT_EQ(encode(*back), text);
        EXPECT_EQ(back->index(), record.index());
    }
    EXPECT_THAT(decode_record("{}").error(), HasSubstr("not a journal record"));
    EXPECT_THAT(decode_record(R"({"record":"poem"})").error(),
                HasSubstr("unknown record kind 'poem'"));
}

TEST_F(JournalTest, tells_each_attempt_by_its_last_record) {
    auto opened = open();
    ASSERT_TRUE(
        opened.file->append(frames({accepted('1'), accepted('2'), started('2'), accepted('3'),
                                    started('3'), finished('3'), accepted('4'), started('4'),
                                    finished('4'), acknowledged('4'), accepted('5'), refused('5')}),
                            true));
    const auto again = open();
    const auto& attempts = again.contents.attempts;
    ASSERT_EQ(attempts.size(), 5u);
    EXPECT_TRUE(attempts[0].run && !attempts[0].started);
    EXPECT_EQ(attempts[0].run->params.at("repository_path").as_string(), "/srv/a");
    EXPECT_TRUE(attempts[1].run && attempts[1].started);
    EXPECT_EQ(attempts[1].started->boot_id, "boot-1");
    ASSERT_TRUE(attempts[2].finished);
    EXPECT_EQ(attempts[2].finished->output, "done");
    EXPECT_TRUE(attempts[3].acknowledged && !attempts[3].finished);
    EXPECT_TRUE(attempts[4].refused);
    for (const auto& each : attempts)
        EXPECT_EQ(each.expires_at_ms, now + 10'000);
    EXPECT_EQ(again.torn_bytes, 0u);
    EXPECT_EQ(again.damaged, 0u);
}

/// Files in memory: thousands of journals without thousands of syncs.
class MemoryDisk final : public Disk {
  public:
    struct MemoryFile final : File {
        explicit MemoryFile(std::string& bytes) : bytes_(bytes) {}
        OnDisk<void> append(std::string_view more) override {
            bytes_ += more;
            return {};
        }
        OnDisk<void> sync() override { return {}; }
        OnDisk<void> truncate(std::uint64_t size) override {
            bytes_.resize(size);
            return {};
        }
        std::string& bytes_;
    };
    OnDisk<std::string> read(const std::filesystem::path& file) override { return files[file]; }
    OnDisk<std::unique_ptr<File>> open(const std::filesystem::path& file) override {
        return std::make_unique<MemoryFile>(files[file]);
    }
    OnDisk<void> replace(const std::filesystem::path& file, std::string_view bytes) override {
        files[file] = bytes;
        return {};
    }
    std::map<std::filesystem::path, std::string> files;
};

JournalFile::Opened open_in(MemoryDisk& disk, std::string_view bytes) {
    disk.files["journal"] = bytes;
    return *JournalFile::open(disk, "journal", now);
}

TEST(JournalBytes, cut_at_every_byte_it_holds_what_was_whole_and_goes_on) {
    const std::vector<JournalRecord> records{accepted('1'), started('1'), finished('1'),
                                             acknowledged('1'), accepted('2')};
    const auto whole = std::string(file_header) + frames(records);
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        Fold expected;
        std::size_t end = file_header.size();
        for (const auto& record : records) {
            end += frame(record).size();
            if (end <= cut) expected.add(record);
        }
        MemoryDisk disk;
        auto opened = open_in(disk, std::string_view(whole).substr(0, cut));
        ASSERT_EQ(as_text(opened.contents), as_text(expected.take())) << "cut at " << cut;
        ASSERT_EQ(opened.damaged, 0u) << "cut at " << cut;
        ASSERT_TRUE(opened.file->append(frame(refused('9')), true));
        const auto again = open_in(disk, std::string(disk.files["journal"]));
        ASSERT_TRUE(again.contents.attempts.back().refused) << "cut at " << cut;
    }
}

TEST(JournalBytes, any_single_wrong_byte_is_noticed) {
    const std::vector<JournalRecord> records{accepted('1'), started('1'), acknowledged('2')};
    const auto whole = std::string(file_header) + frames(records);
    for (std::size_t at = file_header.size(); at < whole.size(); ++at) {
        auto damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
        MemoryDisk disk;
        const auto opened = open_in(disk, damaged);
        ASSERT_TRUE(opened.damaged > 0 || opened.torn_bytes > 0) << "byte " << at;
        if (opened.damaged > 0) ASSERT_EQ(opened.contents.issued_after_ms, now) << "byte " << at;
    }
}

TEST_F(JournalTest, damage_in_the_middle_is_kept_for_a_person_and_remembered) {
    auto damaged = std::string(file_header) + frames({accepted('1'), accepted('2')});
    damaged[file_header.size() + 20] ^= 1;
    write(damaged);
    const auto opened = open();
    EXPECT_EQ(opened.damaged, 1u);
    ASSERT_EQ(opened.contents.attempts.size(), 1u);
    EXPECT_EQ(opened.contents.attempts[0].attempt, attempt('2'));
    EXPECT_EQ(*system_disk().read(path().string() + ".damaged"), damaged);
    EXPECT_EQ(open(now + 5).contents.issued_after_ms, now) << "also after the next start";
}

TEST_F(JournalTest, a_file_that_is_something_else_is_left_alone) {
    write("a shopping list");
    EXPECT_THAT(JournalFile::open(system_disk(), path(), now).error(),
                HasSubstr("is not a journal of this agent"));
    EXPECT_EQ(bytes(), "a shopping list");
    write("CKPTJNL\x02");
    EXPECT_THAT(JournalFile::open(system_disk(), path(), now).error(),
                HasSubstr("was written by another version of the agent"));
}

TEST_F(JournalTest, a_missing_directory_is_a_sentence) {
    EXPECT_THAT(JournalFile::open(system_disk(), directory / "none" / "journal", now).error(),
                HasSubstr("cannot create"));
}

TEST_F(JournalTest, is_readable_by_its_owner_only) {
    open();
    const auto mode = std::filesystem::status(path()).permissions();
    EXPECT_EQ(mode & std::filesystem::perms::mask, std::filesystem::perms(0600));
}

TEST_F(JournalTest, compaction_keeps_what_matters_and_forgets_what_expired) {
    auto opened = open();
    ASSERT_TRUE(
        opened.file->append(frames({accepted('1'), started('1'), finished('1'), acknowledged('1'),
                                    accepted('2'), started('2'), finished('3')}),
                            true));
    const auto before = opened.file->size();
    ASSERT_TRUE(opened.file->compact(now));
    EXPECT_LT(opened.file->size(), before);
    EXPECT_EQ(opened.file->size(), bytes().size());
    ASSERT_TRUE(opened.file->append(frame(accepted('4')), true));
    ASSERT_TRUE(opened.file->compact(now + 20'000));
    const auto again = open(now + 20'000);
    ASSERT_EQ(again.contents.attempts.size(), 3u) << "the unacknowledged stay, expired or not";
    EXPECT_TRUE(again.contents.attempts[0].started);
    EXPECT_TRUE(again.contents.attempts[1].finished);
    EXPECT_EQ(again.contents.attempts[2].attempt, attempt('4'));
    EXPECT_EQ(again.contents.forgotten_until_ms, now + 10'000);
}

TEST_F(JournalTest, growth_asks_for_compaction) {
    auto opened = open();
    const auto large = frame(finished('1', std::string(100'000, 'x')));
    for (int i = 0; i < 11; ++i)
        ASSERT_TRUE(opened.file->append(large, false));
    EXPECT_TRUE(opened.file->is_large());
    ASSERT_TRUE(opened.file->compact(now));
    EXPECT_FALSE(opened.file->is_large());
    EXPECT_EQ(open().contents.attempts.size(), 1u);
}

/// A disk that fails when told to, writing half of what it was given.
class FailingDisk final : public Disk {
  public:
    struct FailingFile final : File {
        FailingFile(std::unique_ptr<File> real, FailingDisk& disk)
            : real_(std::move(real)), disk_(disk) {}
        OnDisk<void> append(std::string_view bytes) override {
            if (!disk_.full) return real_->append(bytes);
            static_cast<void>(real_->append(bytes.substr(0, bytes.size() / 2)));
            return std::unexpected("no space left on device");
        }
        OnDisk<void> sync() override {
            if (disk_.sync_fails) return std::unexpected("input/output error");
            return real_->sync();
        }
        OnDisk<void> truncate(std::uint64_t size) override {
            if (disk_.truncate_fails) return std::unexpected("read-only file system");
            return real_->truncate(size);
        }
        std::unique_ptr<File> real_;
        FailingDisk& disk_;
    };
    OnDisk<std::string> read(const std::filesystem::path& file) override {
        return system_disk().read(file);
    }
    OnDisk<std::unique_ptr<File>> open(const std::filesystem::path& file) override {
        auto real = system_disk().open(file);
        if (!real) return std::unexpected(real.error());
        return std::make_unique<FailingFile>(*std::move(real), *this);
    }
    OnDisk<void> replace(const std::filesystem::path& file, std::string_view bytes) override {
        if (full) return std::unexpected("no space left on device");
        auto replaced = system_disk().replace(file, bytes);
        if (directory_sync_fails) return std::unexpected("input/output error");
        return replaced;
    }
    bool full = false;
    bool directory_sync_fails = false;
    bool sync_fails = false;
    bool truncate_fails = false;
};

TEST_F(JournalTest, a_full_disk_at_the_start_leaves_the_journal_as_it_is) {
    ASSERT_TRUE(open().file->append(frame(accepted('1')), true));
    write(bytes() + "torn");
    const auto found = bytes();
    FailingDisk disk;
    disk.full = true;
    auto opened = *JournalFile::open(disk, path(), now);
    EXPECT_EQ(opened.uncompacted, "no space left on device");
    ASSERT_EQ(opened.contents.attempts.size(), 1u);
    EXPECT_FALSE(opened.file->append(frame(accepted('2')), true));
    EXPECT_EQ(bytes(), found.substr(0, found.size() - 4)) << "what was torn was cut off";
    disk.full = false;
    ASSERT_TRUE(opened.file->append(frame(accepted('3')), true));
    const auto again = open();
    ASSERT_EQ(again.contents.attempts.size(), 2u);
    EXPECT_EQ(again.contents.attempts[1].attempt, attempt('3'));
    EXPECT_EQ(again.uncompacted, "");
}

TEST_F(JournalTest, without_a_journal_a_full_disk_is_an_error) {
    FailingDisk disk;
    disk.full = true;
    EXPECT_EQ(JournalFile::open(disk, path(), now).error(), "no space left on device");
}

TEST_F(JournalTest, a_compaction_that_fails_after_the_rename_loses_nothing_appended_later) {
    FailingDisk disk;
    auto opened = *JournalFile::open(disk, path(), now);
    ASSERT_TRUE(
        opened.file->append(frames({accepted('1'), finished('1'), acknowledged('1')}), true));
    disk.directory_sync_fails = true;
    EXPECT_FALSE(opened.file->compact(now));
    ASSERT_TRUE(opened.file->append(frame(accepted('2')), true));
    const auto again = open();
    EXPECT_EQ(again.torn_bytes, 0u);
    EXPECT_EQ(again.contents.attempts.back().attempt, attempt('2'));
}

TEST_F(JournalTest, a_compaction_that_failed_is_not_tried_at_each_append) {
    FailingDisk disk;
    auto opened = *JournalFile::open(disk, path(), now);
    const auto large = frame(finished('1', std::string(100'000, 'x')));
    for (int i = 0; i < 11; ++i)
        ASSERT_TRUE(opened.file->append(large, false));
    ASSERT_TRUE(opened.file->is_large());
    disk.full = true;
    EXPECT_FALSE(opened.file->compact(now));
    disk.full = false;
    EXPECT_FALSE(opened.file->is_large());
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(opened.file->append(large, false));
    EXPECT_TRUE(opened.file->is_large());
}

TEST_F(JournalTest, what_could_not_be_written_does_not_appear_later) {
    FailingDisk disk;
    auto opened = *JournalFile::open(disk, path(), now);
    ASSERT_TRUE(opened.file->append(frame(accepted('1')), true));
    disk.full = true;
    EXPECT_EQ(opened.file->append(frame(accepted('2')), true).error(), "no space left on device");
    disk.full = false;
    ASSERT_TRUE(opened.file->append(frame(accepted('3')), true));
    disk.sync_fails = true;
    EXPECT_EQ(opened.file->append(frame(accepted('4')), true).error(), "input/output error");
    disk.truncate_fails = true;
    EXPECT_EQ(opened.file->append(frame(accepted('5')), true).error(), "read-only file system");
    disk.sync_fails = disk.truncate_fails = false;
    ASSERT_TRUE(opened.file->append(frame(accepted('6')), true));
    const auto again = open();
    std::vector<protocol::AttemptId> attempts;
    for (const auto& each : again.contents.attempts)
        attempts.push_back(each.attempt);
    EXPECT_THAT(attempts, ElementsAre(attempt('1'), attempt('3'), attempt('6')));
    EXPECT_EQ(again.damaged, 0u);
}

TEST_F(JournalTest, answers_in_order_on_the_loop_and_survives_a_restart) {
    boost::asio::io_context io;
    const runtime::SystemClock clock;
    {
        runtime::BlockingPool pool(io.get_executor(), 1);
        auto opened = open_journal(directory, io.get_executor(), pool, clock);
        ASSERT_TRUE(opened) << opened.error();
        std::vector<int> order;
        const auto note = [&](int which) {
            return [&order, which](Journal::Written written) {
                ASSERT_TRUE(written) << written.error();
                order.push_back(which);
            };
        };
        auto& journal = *opened->journal;
        journal.append(accepted('1'), note(1));
        journal.append(started('1'), [&](Journal::Written) {
            order.push_back(2);
            journal.append(finished('1'), note(4));
        });
        journal.append(accepted('2'), nullptr);
        journal.append(accepted('3'), note(3));
        EXPECT_TRUE(order.empty()) << "never from inside append()";
        auto work = boost::asio::make_work_guard(io);
        while (order.size() < 4)
            io.run_one();
        EXPECT_THAT(order, ElementsAre(1, 2, 3, 4));
        pool.join();
    }
    const auto again = open();
    ASSERT_EQ(again.contents.attempts.size(), 3u);
    EXPECT_TRUE(again.contents.attempts[0].finished);
}

}  // namespace
}  // namespace cockpit::journal
