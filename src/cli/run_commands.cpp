#include "cli/run_commands.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <iostream>
#include <set>
#include <thread>

#include "cli/command_output.hpp"
#include "cli/host_commands.hpp"
#include "cli/parameters.hpp"
#include "cli/terminal.hpp"

namespace cockpit::cli {
namespace json = boost::json;
namespace {

constexpr std::chrono::milliseconds look_again(500);
volatile std::sig_atomic_t interrupted = 0;

// What the first host that is meant says of the command, so that values get their types.
json::object schema_of(Session& session, const json::object& selection, const std::string& name) {
    const auto& hosts = list_at(selection, "agents");
    if (hosts.empty()) return {};
    const auto host = text_at(hosts.front().as_object(), "agent_id");
    const auto path = std::string(base) + "/" + ApiClient::escape(host) + "/commands";
    const auto able = session.api.get(path);
    for (const auto& command : list_at(able, "commands")) {
        if (text_at(command.as_object(), "name") == name) return command.as_object();
    }
    return {};
}

void show_plan(const json::object& plan) {
    const auto total = number_at(plan, "total");
    std::cerr << "'" << text_at(plan, "command") << "' for " << total
              << (total == 1 ? " host, " : " hosts, ") << number_at(plan, "ready")
              << " of them ready:\n";
    for (const auto& value : list_at(plan, "hosts")) {
        const auto& host = value.as_object();
        std::string line = "  " + text_at(host, "agent_id");
        for (const auto& obstacle : list_at(host, "in_the_way"))
            line += "  (" + printable(text_at(obstacle.as_object(), "detail")) + ")";
        std::cerr << line << '\n';
    }
    for (const auto& note : list_at(plan, "notes"))
        std::cerr << "  note: " << printable(std::string(note.as_string())) << '\n';
}

json::object run_body(const json::object& plan, const RunRequest& request) {
    json::object body{{"plan_id", plan.at("plan_id")}, {"hash", plan.at("hash")}};
    if (request.concurrency)
        body["concurrency"] = number_or_share("--concurrency", *request.concurrency);
    if (request.max_failures)
        body["max_failures"] = number_or_share("--max-failures", *request.max_failures);
    if (request.canary) body["canary"] = *request.canary;
    if (request.pause_s) body["pause_s"] = *request.pause_s;
    if (request.execution_timeout) body["execution_timeout"] = *request.execution_timeout;
    if (request.force) body["force"] = true;
    if (request.queue) body["offline"] = "wait";
    return body;
}

bool is_over(const std::string& status) {
    return status != "running" && status != "paused";
}

// A host's output as soon as its command has ended; of a single host as it comes.
void show_hosts(Session& session, const json::object& run, std::set<std::string>& shown) {
    const auto& hosts = list_at(run, "hosts");
    for (const auto& value : hosts) {
        const auto& host = value.as_object();
        const auto command = text_at(host, "command_id");
        const auto name = text_at(host, "agent_id");
        const auto status = text_at(host, "status");
        const bool open = status == "waiting" || status == "sending" || status == "sent";
        if (command.empty() || shown.contains(command)) continue;
        if (hosts.size() == 1) {
            shown.insert(command);
            follow_output(session, command, std::nullopt);
        } else if (!open) {
            shown.insert(command);
            show_progress("");
            show_output(session, command, name);
            if (status != "success")
                std::cout << coloured(name + " | ", Colour::dim)
                          << coloured(status, colour_of_state(status)) << "  "
                          << printable(text_at(host, "why")) << '\n';
        }
    }
}

// Those that were never begun: no output tells of them.
void show_skipped(const json::object& run) {
    for (const auto& value : list_at(run, "hosts")) {
        const auto& host = value.as_object();
        if (text_at(host, "status") != "skipped") continue;
        std::cout << coloured("skipped", Colour::yellow) << "  " << text_at(host, "agent_id")
                  << ": " << printable(text_at(host, "why")) << '\n';
    }
}

void show_clusters(Session& session, const std::string& run_path) {
    const auto answer = session.api.get(run_path + "/clusters");
    for (const auto& value : list_at(answer, "clusters")) {
        const auto& cluster = value.as_object();
        const auto status = text_at(cluster, "status");
        std::cout << coloured(status, colour_of_state(status)) << "  "
                  << number_at(cluster, "total") << " of " << number_at(answer, "hosts")
                  << " hosts: " << cell(cluster.at("hosts")) << '\n';
        const auto output = text_at(cluster.at("example").as_object(), "output");
        LinePrefix indent("    ");
        std::cout << indent.add(printable(output)) << indent.finish();
    }
}

json::object watch(Session& session, const std::string& run_path) {
    std::set<std::string> shown;
    for (;;) {
        auto run = session.api.get(run_path);
        if (session.format == Format::table) show_hosts(session, run, shown);
        const auto status = text_at(run, "status");
        if (is_over(status)) {
            show_progress("");
            return run;
        }
        show_progress(status + ": wave " + std::to_string(number_at(run, "wave")) + ", " +
                      cell(run.at("counts")));
        if (interrupted != 0) {
            show_progress("");
            throw Failure(Exit::failed, "not waited for; the run goes on",
                          "cockpitctl cancel " + text_at(run, "run_id"));
        }
        std::this_thread::sleep_for(look_again);
    }
}

}  // namespace

json::value number_or_share(const std::string& option, const std::string& text) {
    const bool share = text.ends_with('%');
    const auto digits = share ? text.substr(0, text.size() - 1) : text;
    std::int64_t number = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size() || number < 0) {
        throw Failure(Exit::usage, option + " '" + text + "' is neither a number nor a share",
                      "as in " + option + " 3 or " + option + " 10%");
    }
    if (share) return json::value(text);
    return number;
}

Exit exit_of(std::string_view state) {
    return state == "success" || state == "succeeded" || state == "unchanged" ? Exit::success
                                                                              : Exit::failed;
}

Exit run(Session& session, const RunRequest& request) {
    const auto selection = session.api.get(
        std::string(base) + "/targets?expression=" + ApiClient::escape(request.targets));
    const auto parameters =
        parameters_of(request.parameters, schema_of(session, selection, request.command));
    const auto plan = session.api.post(
        std::string(base) + "/plans",
        {{"targets", request.targets}, {"command", request.command}, {"params", parameters}});
    const auto body = run_body(plan, request);
    show_plan(plan);
    if (!request.yes && !confirm("Run it?"))
        throw Failure(Exit::refused, "nothing was run", "--yes runs without asking");
    const auto started = session.api.post(std::string(base) + "/runs", body);
    const auto id = text_at(started, "run_id");
    std::cerr << "run " << id << '\n';
    if (!request.wait) {
        if (session.format != Format::table) session.print(started);
        return Exit::success;
    }
    std::signal(SIGINT, [](int) { interrupted = 1; });
    const auto path = std::string(base) + "/runs/" + id;
    const auto ended = watch(session, path);
    if (session.format != Format::table) {
        session.print(ended);
    } else {
        if (number_at(ended, "total") > 1) show_clusters(session, path);
        show_skipped(ended);
        const auto status = text_at(ended, "status");
        std::cout << coloured(status, colour_of_state(status)) << "  " << cell(ended.at("counts"))
                  << '\n';
    }
    return exit_of(text_at(ended, "status"));
}

Exit logs(Session& session, const std::string& id, bool follow) {
    if (!is_command_id(id))
        throw Failure(Exit::usage, "'" + id + "' is no command's id",
                      "cockpitctl history shows them");
    if (follow) return exit_of(follow_output(session, id, std::nullopt));
    show_output(session, id, std::nullopt);
    return Exit::success;
}

Exit cancel(Session& session, const std::string& id) {
    const auto escaped = ApiClient::escape(id);
    const auto command = std::string(base) + "/commands/" + escaped + "/cancel";
    const auto answer = session.api.send("POST", command);
    if (answer.status == 404) {
        session.print(session.api.call("POST", std::string(base) + "/runs/" + escaped + "/cancel"));
        return Exit::success;
    }
    const auto record = session.api.read(answer);
    std::cout << text_at(record, "status") << ": "
              << (text_at(record, "status") == "cancelled" ? "it will not run"
                                                           : "the host is told to stop it")
              << '\n';
    return Exit::success;
}

Exit history(Session& session, const HistoryRequest& request) {
    std::string path = std::string(base) + "/history/all?limit=" + std::to_string(request.limit);
    const auto filter = [&](const char* name, const std::string& value) {
        if (!value.empty()) path += std::string("&") + name + "=" + ApiClient::escape(value);
    };
    filter("agent_id", request.agent);
    filter("command", request.command);
    filter("status", request.status);
    if (request.open) path += "&open=true";
    const auto answer = session.api.get(path);
    session.print({{"SENT", "sent_at"},
                   {"HOST", "agent_id"},
                   {"COMMAND", "command"},
                   {"STATE", "status"},
                   {"MS", "execution_time_ms"},
                   {"BY", "sent_by"},
                   {"ID", "command_id"}},
                  list_at(answer, "commands"));
    return Exit::success;
}

}  // namespace cockpit::cli
