#pragma once
// The whole API over the real Access, Dispatcher, Directory and Admission, with stores and hosts in
// memory. Requests go straight to the handler.

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <vector>

#include "crypto/keys.hpp"
#include "fakes/memory_account_store.hpp"
#include "fakes/memory_agent_store.hpp"
#include "fakes/memory_command_store.hpp"
#include "fakes/memory_deployment_store.hpp"
#include "fakes/memory_git_source.hpp"
#include "fakes/memory_group_store.hpp"
#include "fakes/memory_notification_store.hpp"
#include "fakes/memory_output_store.hpp"
#include "fakes/memory_run_store.hpp"
#include "fakes/memory_schedule_store.hpp"
#include "fakes/memory_statistics_store.hpp"
#include "fakes/recording_agent_link.hpp"
#include "fakes/recording_sender.hpp"
#include "fakes/set_clock.hpp"
#include "server/api/rest_api.hpp"
#include "server/schedules/command_launcher.hpp"

namespace cockpit::api {

struct Answer {
    int status = 0;
    std::string content_type;
    std::vector<std::pair<std::string, std::string>> headers;
    boost::json::object body;
    std::string plain;  ///< where it is text

    std::string header(std::string_view name) const;
    std::string text(std::string_view field) const;  ///< of a string field; "<absent>" otherwise
    std::string detail() const { return text("detail"); }
};

class ApiTest : public testing::Test {
  protected:
    ApiTest();

    /// `target` as in a request line. `token` may be "" for none.
    Answer call(std::string method, std::string_view target, std::string body, std::string token);
    /// With these headers, and no token.
    Answer call_open(std::string_view target, std::string body,
                     std::map<std::string, std::string> headers);
    Answer get(std::string_view target) { return call("GET", target, "", admin); }
    Answer post(std::string_view target, std::string body) {
        return call("POST", target, std::move(body), admin);
    }

    /// A token of a user made for it, without the cost of hashing a password.
    std::string token_for(std::string username, std::vector<std::string> permissions,
                          bool must_change_password = false);
    /// A host that is online and knows the original's three commands.
    void connect(std::string_view agent_id);
    /// What the next runs end as, told by the host they were sent to.
    void host_answers(protocol::CommandState state, std::string output,
                      std::optional<std::string> error = std::nullopt);
    boost::asio::awaitable<std::optional<metrics::RedisFigures>> redis_figures();
    static protocol::AgentId agent(std::string_view id) { return *protocol::AgentId::parse(id); }

    boost::asio::io_context io;
    fakes::SetClock clock;
    fakes::MemoryAccountStore accounts{io.get_executor()};
    fakes::MemoryCommandStore commands{io.get_executor()};
    fakes::MemoryOutputStore output_store{io.get_executor(), commands};
    fakes::MemoryAgentStore agents{io.get_executor()};
    fakes::RecordingAgentLink link{io.get_executor()};
    runtime::BlockingPool pool{io.get_executor(), 1};
    auth::Access access{{}, accounts, pool, clock};
    dispatch::AgentDirectory directory;
    dispatch::Dispatcher dispatcher;
    dispatch::OutputLog output_log{{.limit_bytes = 64}, clock, output_store, link};
    dispatch::Admission admission{clock, directory, agents, link};
    fakes::MemoryGroupStore groups{io.get_executor()};
    targets::Targeting targeting{clock, directory, groups};
    fakes::MemoryNotificationStore notifications{io.get_executor()};
    fakes::RecordingSender sender{io.get_executor()};
    crypto::SecretBox box{crypto::SigningKey::generate().derive("test")};
    notify::TargetBook targets{notifications, clock, box, "cockpit@example.org"};
    notify::Deliverer deliverer{{.owner = "test"},
                                {.store = notifications,
                                 .targets = targets,
                                 .sender = sender,
                                 .clock = clock,
                                 .chance = [] { return 0.5; },
                                 .new_id = [] { return std::string("an id"); }}};
    notify::IncomingHooks hooks{notifications, clock, box};
    struct NoEvents final : notify::EventSink {
        void publish(notify::Event) override {}
    } no_events;
    fakes::MemoryRunStore run_store{io.get_executor()};
    runs::Planner planner;
    runs::RunEngine runs;
    fakes::MemoryDeploymentStore deployment_store{io.get_executor()};
    fakes::MemoryGitSource git{io.get_executor()};
    deployments::ServiceBook services{deployment_store, targeting, clock, box, false};
    deployments::DeploymentEngine deployments;
    Health redis{.ok = true, .detail = "Redis answers"};
    fakes::MemoryScheduleStore schedule_store{io.get_executor()};
    schedules::CommandLauncher command_launcher{dispatcher, commands};
    schedules::Scheduler scheduler{
        clock, schedule_store, {{schedules::Kind::command, &command_launcher}}, "test"};
    schedules::Windows windows{clock, schedule_store, targeting};
    fakes::MemoryStatisticsStore statistics{io.get_executor()};
    metrics::Metrics counted;
    RestApi rest;
    http::Handler handler;
    std::string admin;  ///< a token that may do everything
};

}  // namespace cockpit::api
