#pragma once
// An output sender over outputs that the test writes, with reads that come back when the test says
// so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>
#include <string>

#include "agent/executor/output_sender.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "fixture.hpp"

namespace cockpit::executor {

class FakeSource final : public OutputSource {
  public:
    struct Output {
        std::string bytes;
        std::size_t gone_from = 0;  ///< [gone_from, gone_until) is not kept
        std::size_t gone_until = 0;
        std::optional<std::int64_t> saved;
        int saves = 0;
        bool watched = false;
    };

    std::vector<KeptOutput> kept() override { return at_start; }
    void read(const protocol::AttemptId& attempt, const OutputWish& wish,
              runtime::Callback<Read> done) override {
        wishes.push_back(wish);
        const auto output = outputs.find(attempt);
        if (output != outputs.end() && wish.watch) output->second.watched = true;
        // As it is now: what is printed before the answer comes is not in it.
        reads_.push_back([read = result(attempt, wish), done = std::move(done)]() mutable {
            done(std::move(read));
        });
    }
    void on_growth(std::function<void(const protocol::AttemptId&)> grown) override {
        grown_ = std::move(grown);
    }
    void save_acknowledged(const protocol::AttemptId& attempt, std::int64_t offset) override {
        outputs[attempt].saved = offset;
        ++outputs[attempt].saves;
    }
    void discard_old(std::set<protocol::AttemptId> busy) override {
        discards.push_back(std::move(busy));
    }

    /// The command prints.
    void print(const protocol::AttemptId& attempt, std::string_view bytes) {
        auto& output = outputs[attempt];
        output.bytes += bytes;
        if (std::exchange(output.watched, false)) grown_(attempt);
    }
    /// All reads come back, also those that follow.
    void answer() {
        while (!reads_.empty()) {
            auto read = std::move(reads_.front());
            reads_.pop_front();
            read();
        }
    }
    std::size_t reading() const { return reads_.size(); }

    std::map<protocol::AttemptId, Output> outputs;
    std::vector<KeptOutput> at_start;
    std::vector<OutputWish> wishes;
    std::vector<std::set<protocol::AttemptId>> discards;

  private:
    Read result(const protocol::AttemptId& attempt, const OutputWish& wish) {
        const auto found = outputs.find(attempt);
        if (found == outputs.end()) return std::unexpected("nothing is kept of it");
        const auto& output = found->second;
        const auto total = std::ssize(output.bytes);
        auto from = static_cast<std::size_t>(std::min(first_wanted(wish, total), total));
        if (from >= output.gone_from && from < output.gone_until) from = output.gone_until;
        return OutputPart{
            .offset = static_cast<std::int64_t>(from),
            .bytes = output.bytes.substr(from, static_cast<std::size_t>(wish.at_most)),
            .total = total,
            .kept_head =
                output.gone_until > 0 ? static_cast<std::int64_t>(output.gone_from) : total,
            .kept_from =
                output.gone_until > 0 ? static_cast<std::int64_t>(output.gone_until) : total};
    }
    std::deque<std::move_only_function<void()>> reads_;
    std::function<void(const protocol::AttemptId&)> grown_;
};

class OutputSenderTest : public testing::Test {
  protected:
    OutputSender& make(OutputSettings settings = {}) {
        sender = std::make_unique<OutputSender>(settings, agent, source, reports, clock);
        return *sender;
    }
    static protocol::AttemptId attempt(int number) {
        const auto digits = std::to_string(number);
        const auto id = "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
        return {*protocol::CommandId::parse(id), 1};
    }
    /// The result of an attempt that printed all that its output holds.
    protocol::Finished result(int number, std::string text) const {
        const auto& bytes = source.outputs.at(attempt(number)).bytes;
        return {.agent = agent,
                .attempt = attempt(number),
                .output = std::move(text),
                .at_ms = clock.wall,
                .output_bytes = std::ssize(bytes),
                .output_sha256 = crypto::to_hex(crypto::sha256(bytes))};
    }
    void end(int number) { sender->ended(result(number, "not what it printed")); }
    void pass(std::int64_t milliseconds) {
        clock.pass(milliseconds);
        run();
    }
    /// Everything that is due now.
    void run() {
        for (int i = 0; i < 1000; ++i) {
            source.answer();
            if (*sender->next_deadline_ms() > clock.steady) return;
            sender->on_time();
        }
        ADD_FAILURE() << "there is always something due";
    }
    void ack(int number, std::int64_t next) {
        sender->acknowledged(attempt(number), next);
        run();
    }
    /// A server that takes what fits, and says so, until nothing comes any more.
    void take_all() {
        for (int quiet = 0; quiet < 50;) {
            pass(20);
            quiet = take_some() ? 0 : quiet + 1;
        }
    }
    bool take_some() {
        const auto pieces = std::exchange(reports.outputs, {});
        for (const auto& piece : pieces) {
            const auto bytes = *crypto::from_base64(piece.data);
            auto& taken = server[piece.attempt];
            take_piece(piece, bytes, taken);
            ack_of(piece.attempt, taken);
        }
        return !pieces.empty();
    }
    struct Taken {
        std::int64_t next = 0;
        std::string bytes;
        std::int64_t missing = 0;
    };
    void take_piece(const protocol::Output& piece, const std::string& bytes, Taken& taken) {
        EXPECT_LE(bytes.size(), std::size_t{protocol::max_output_bytes});
        const auto end = piece.offset + std::ssize(bytes);
        if (piece.offset - piece.missing_before > taken.next || end <= taken.next) return;
        if (piece.offset > taken.next) {
            taken.missing += piece.offset - taken.next;
            taken.next = piece.offset;
        }
        taken.bytes += bytes.substr(static_cast<std::size_t>(taken.next - piece.offset));
        taken.next = end;
    }
    void ack_of(const protocol::AttemptId& which, const Taken& taken) {
        sender->acknowledged(which, taken.next);
    }
    std::string sent() const {
        std::string bytes;
        for (const auto& piece : reports.outputs)
            bytes += *crypto::from_base64(piece.data);
        return bytes;
    }

    const protocol::AgentId agent = *protocol::AgentId::parse("host");
    FakeClock clock;
    FakeReports reports;
    FakeSource source;
    std::unique_ptr<OutputSender> sender;
    std::map<protocol::AttemptId, Taken> server;
};

}  // namespace cockpit::executor
