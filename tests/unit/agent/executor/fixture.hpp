#pragma once
// An executor with everything around it faked: a clock the test moves, handlers the test ends, a
// journal that syncs when the test says so, reports that are collected.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "agent/executor/executor.hpp"
#include "crypto/sodium.hpp"

namespace cockpit::executor {

using protocol::CommandState;

class FakeClock final : public runtime::Clock {
  public:
    std::int64_t wall_ms() const override { return wall; }
    std::int64_t steady_ms() const override { return steady; }
    void pass(std::int64_t milliseconds) {
        wall += milliseconds;
        steady += milliseconds;
    }
    std::int64_t wall = 1'800'000'000'000;
    std::int64_t steady = 5'000;
};

/// A command whose executions end when the test says so.
class FakeHandler final : public CommandHandler {
  public:
    struct Running {
        boost::json::object params;
        Done done;
        std::optional<ProcessMark> process{};
        std::optional<StopReason> stopped;
        bool destroyed = false;
    };
    class FakeExecution final : public Execution {
      public:
        FakeExecution(FakeHandler& handler, std::shared_ptr<Running> running)
            : handler_(handler), running_(std::move(running)) {}
        ~FakeExecution() override { running_->destroyed = true; }
        std::optional<ProcessMark> process() const override { return running_->process; }
        void go() override { handler_.started.push_back(running_); }
        void stop(StopReason reason) override {
            if (!running_->stopped) running_->stopped = reason;
        }

      private:
        FakeHandler& handler_;
        std::shared_ptr<Running> running_;
    };

    explicit FakeHandler(protocol::CommandSchema schema) : schema_(std::move(schema)) {}
    const protocol::CommandSchema& schema() const override { return schema_; }
    std::expected<void, std::string> allows(const boost::json::object&) const override {
        if (forbidden) return std::unexpected(*forbidden);
        return {};
    }
    std::optional<std::string> resource(const boost::json::object& params) const override {
        const auto* path = params.if_contains("repository_path");
        if (path == nullptr) return std::nullopt;
        return "git:" + std::string(path->as_string());
    }
    std::unique_ptr<Execution> start(const Task& task, Done done) override {
        auto running = std::make_shared<Running>(task.params, std::move(done), process);
        prepared.push_back(running);
        return std::make_unique<FakeExecution>(*this, std::move(running));
    }
    std::unique_ptr<Execution> resume(const Task& task, const ProcessMark& mark,
                                      Done done) override {
        if (!resumes) return nullptr;
        auto running = std::make_shared<Running>(task.params, std::move(done), mark);
        resumed.push_back(running);
        return std::make_unique<FakeExecution>(*this, std::move(running));
    }
    void end(std::size_t index, Outcome outcome) { started.at(index)->done(std::move(outcome)); }

    std::optional<std::string> forbidden;
    std::optional<ProcessMark> process;  ///< of those that start
    bool resumes = true;
    std::vector<std::shared_ptr<Running>> prepared;
    std::vector<std::shared_ptr<Running>> started;  ///< were let go
    std::vector<std::shared_ptr<Running>> resumed;

  private:
    protocol::CommandSchema schema_;
};

/// Keeps what it is asked to end until the test says that it is gone.
class FakeLeftovers final : public Leftovers {
  public:
    class FakeExecution final : public Execution {
      public:
        void go() override {}
        void stop(StopReason) override {}
    };
    std::unique_ptr<Execution> end(const Task& task, const ProcessMark& process,
                                   CommandHandler::Done done) override {
        ending.push_back({*task.attempt, process, std::move(done)});
        return std::make_unique<FakeExecution>();
    }
    struct Ending {
        protocol::AttemptId attempt;
        ProcessMark process;
        CommandHandler::Done done;
    };
    std::vector<Ending> ending;
};

class FakeJournal final : public Journal {
  public:
    void append(JournalRecord record, runtime::Callback<Written> written) override {
        records.push_back(record);
        pending_.push_back(std::move(written));
        if (syncs_at_once) sync();
    }
    /// Everything appended so far reaches the disk, or fails with `failure`.
    void sync() {
        while (!pending_.empty()) {
            auto written = std::move(pending_.front());
            pending_.pop_front();
            if (!written) continue;
            if (failure) {
                written(std::unexpected(*failure));
            } else {
                written({});
            }
        }
    }
    std::size_t unsynced() const { return pending_.size(); }
    template <typename Record>
    std::size_t count() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            records, [](const auto& record) { return std::holds_alternative<Record>(record); }));
    }

    std::vector<JournalRecord> records;
    bool syncs_at_once = true;
    std::optional<std::string> failure;

  private:
    std::deque<runtime::Callback<Written>> pending_;
};

class FakeReports final : public Reports {
  public:
    void report(const protocol::Received& news) override { received.push_back(news); }
    void report(const protocol::Started& news) override { started.push_back(news); }
    void report(const protocol::Finished& news) override { finished.push_back(news); }
    void report(const protocol::Refused& news) override { refused.push_back(news); }
    void report(const protocol::Output& news) override { outputs.push_back(news); }
    void answer_original(const protocol::original::Response& response) override {
        originals.push_back(response);
    }
    void hello_answered(const protocol::Ack& answer) override { hellos.push_back(answer); }

    std::vector<protocol::Received> received;
    std::vector<protocol::Started> started;
    std::vector<protocol::Finished> finished;
    std::vector<protocol::Refused> refused;
    std::vector<protocol::Output> outputs;
    std::vector<protocol::original::Response> originals;
    std::vector<protocol::Ack> hellos;
};

class ExecutorTest : public testing::Test {
  protected:
    ExecutorTest() {
        crypto::initialize();
        for (const auto& schema : protocol::original_commands()) {
            handlers.push_back(std::make_unique<FakeHandler>(schema));
        }
    }
    FakeHandler& echo() { return static_cast<FakeHandler&>(*handlers[0]); }
    FakeHandler& git() { return static_cast<FakeHandler&>(*handlers[1]); }

    Settings settings() const {
        return {.agent = agent, .server_keys = {server.public_key()}, .boot_id = "boot-1"};
    }
    Executor& make(Settings chosen) {
        executor = std::make_unique<Executor>(std::move(chosen), handlers, clock, journal, reports,
                                              &leftovers);
        return *executor;
    }
    Executor& make() { return make(settings()); }

    static protocol::AttemptId attempt(int number, int tries = 1) {
        auto digits = std::to_string(number);
        auto id = "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
        return {*protocol::CommandId::parse(id), tries};
    }
    protocol::Run run(int number, std::string command = "echo", boost::json::object params = {}) {
        return {.agent = agent,
                .attempt = attempt(number),
                .command = std::move(command),
                .params = std::move(params),
                .issued_at_ms = clock.wall,
                .expires_at_ms = clock.wall + 10'000,
                .sender = "admin"};
    }
    protocol::Run pull(int number, std::string path = "/srv/a") {
        return run(number, "git_pull", {{"repository_path", path}});
    }
    template <typename Body>
    static protocol::Entry sign(protocol::EntryKind kind, const Body& body,
                                const crypto::SigningKey& key) {
        auto text = protocol::encode(body);
        auto signature = key.sign(protocol::signing_input(kind, text));
        return {kind, key.public_key().id(), std::move(text), std::move(signature)};
    }
    protocol::Entry entry(const protocol::Run& body) {
        return sign(protocol::EntryKind::run, body, server);
    }
    bool give(const protocol::Entry& which, Way way = Way::stream) {
        auto settled = std::make_shared<bool>(false);
        executor->take(which, way, [settled] { *settled = true; });
        last_settled = settled;
        return *settled;
    }
    bool give(const protocol::Run& body) { return give(entry(body)); }
    void cancel(int number, std::int64_t lifetime_ms = 10'000) {
        give(sign(protocol::EntryKind::cancel,
                  protocol::Cancel{agent, attempt(number), clock.wall, clock.wall + lifetime_ms},
                  server));
    }
    void ack(int number) {
        give(sign(
            protocol::EntryKind::ack,
            protocol::Ack{.agent = agent, .attempt = attempt(number), .issued_at_ms = clock.wall},
            server));
    }
    std::size_t runs() { return echo().started.size() + git().started.size(); }

    const protocol::AgentId agent = *protocol::AgentId::parse("grafana-prod-01");
    crypto::SigningKey server = crypto::SigningKey::generate();
    FakeClock clock;
    FakeJournal journal;
    FakeReports reports;
    FakeLeftovers leftovers;
    CommandHandlers handlers;
    std::unique_ptr<Executor> executor;
    std::shared_ptr<bool> last_settled;
};

}  // namespace cockpit::executor
