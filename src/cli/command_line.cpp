#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>

#include "cli/account_commands.hpp"
#include "cli/host_commands.hpp"
#include "cli/run_commands.hpp"

namespace cockpit::cli {
namespace {

// What the options were set to; the chosen sub-command reads it.
struct Line {
    std::string context;
    Format format = Format::table;
    std::string url, user = "admin", name, id, targets, status;
    bool follow = false;
    int days = 90;
    RunRequest run;
    HistoryRequest history;
    std::function<Exit()> chosen;

    Session session() const {
        return {.api = ApiClient(choose_context(load_contexts(contexts_file()), context)),
                .format = format};
    }
};

CLI::App* add(CLI::App& app, Line& line, const std::string& name, const std::string& about,
              std::function<Exit()> action) {
    auto* command = app.add_subcommand(name, about);
    command->callback([&line, action = std::move(action)] { line.chosen = action; });
    return command;
}

CLI::App* add_asking(CLI::App& app, Line& line, const std::string& name, const std::string& about,
                     std::function<Exit(Session&)> action) {
    return add(app, line, name, about, [&line, action = std::move(action)] {
        auto session = line.session();
        return action(session);
    });
}

void add_accounts(CLI::App& app, Line& line) {
    auto* in = add(app, line, "login", "Sign in to a server, and make it the one that is meant",
                   [&line] { return login(line.url, line.user, line.context); });
    in->add_option("URL", line.url, "http://… or https://…")->required();
    in->add_option("-u,--user", line.user, "User name")->capture_default_str();
    add_asking(app, line, "logout", "End this session",
               [&line](Session& session) { return logout(session, line.context); });
    add_asking(app, line, "whoami", "Who you are there, and what you may do", whoami);
    auto* tokens = app.add_subcommand("tokens", "Your sessions, and tokens for programs");
    tokens->require_subcommand(1);
    add_asking(*tokens, line, "list", "Show them", list_tokens);
    auto* make =
        add_asking(*tokens, line, "make", "Make one that may do what you may",
                   [&line](Session& session) { return make_token(session, line.name, line.days); });
    make->add_option("NAME", line.name, "What it is for")->required();
    make->add_option("--days", line.days, "How long it is valid")
        ->check(CLI::Range(1, 366))
        ->capture_default_str();
    add_asking(*tokens, line, "revoke", "End one",
               [&line](Session& session) { return revoke_token(session, line.id); })
        ->add_option("ID", line.id, "As the list has it")
        ->required();
    auto* context = app.add_subcommand("context", "The servers that are known");
    context->require_subcommand(1);
    add(*context, line, "list", "Show them", [&line] { return list_contexts(line.format); });
    add(*context, line, "use", "Make one the one that is meant",
        [&line] { return use_context(line.name); })
        ->add_option("NAME", line.name, "As the list has it")
        ->required();
}

void add_hosts(CLI::App& app, Line& line) {
    auto* agents = add_asking(
        app, line, "agents", "Hosts, all or those that an expression means",
        [&line](Session& session) { return list_agents(session, line.targets, line.status); });
    agents->add_option("TARGETS", line.targets, "As in 'group:web and env=prod'");
    agents->add_option("--status", line.status, "online, offline or unknown");
    add_asking(app, line, "show", "All that is known of a host",
               [&line](Session& session) { return show_agent(session, line.id); })
        ->add_option("HOST", line.id, "Its id")
        ->required();
    add_asking(app, line, "groups", "Groups of hosts", list_groups);
    add_asking(app, line, "why", "Why a command or a host is in the state it is in",
               [&line](Session& session) { return why(session, line.id); })
        ->add_option("ID", line.id, "Of a command or a host")
        ->required();
}

void add_commands(CLI::App& app, Line& line) {
    auto& wanted = line.run;
    auto* run = add_asking(app, line, "run", "Run a command on hosts: plan, wait, what they said",
                           [&line](Session& session) { return cli::run(session, line.run); });
    run->add_option("TARGETS", wanted.targets, "Hosts, as in 'web-*' or 'group:web'")->required();
    run->add_option("COMMAND", wanted.command, "What each of them can do")->required();
    run->add_option("NAME=VALUE", wanted.parameters, "Parameters of the command");
    run->add_flag("-y,--yes", wanted.yes, "Do not ask");
    run->add_flag("!--no-wait", wanted.wait, "Leave when it has begun");
    run->add_flag("--force", wanted.force, "Also where a maintenance window forbids it");
    run->add_flag("--queue", wanted.queue, "Wait for hosts that are away");
    run->add_option("--canary", wanted.canary, "Hosts of the first wave");
    run->add_option("--concurrency", wanted.concurrency, "Hosts of each further wave: 10 or 10%");
    run->add_option("--max-failures", wanted.max_failures,
                    "Failures that are put up with: 3 or 5%");
    run->add_option("--pause", wanted.pause_s, "Seconds between waves");
    run->add_option("--execution-timeout", wanted.execution_timeout, "Seconds a host may take");

    auto* logs = add_asking(app, line, "logs", "What a command wrote", [&line](Session& session) {
        return cli::logs(session, line.id, line.follow);
    });
    logs->add_option("ID", line.id, "Of the command")->required();
    logs->add_flag("-f,--follow", line.follow, "As it comes, until the end");
    add_asking(app, line, "cancel", "Stop a command or a run",
               [&line](Session& session) { return cli::cancel(session, line.id); })
        ->add_option("ID", line.id, "Of the command or the run")
        ->required();

    auto& past = line.history;
    auto* history =
        add_asking(app, line, "history", "Commands, the newest first",
                   [&line](Session& session) { return cli::history(session, line.history); });
    history->add_option("--host", past.agent, "Only of this host");
    history->add_option("--command", past.command, "Only of this name");
    history->add_option("--status", past.status, "Only in this state");
    history->add_flag("--open", past.open, "Only what has not ended");
    history->add_option("-n,--limit", past.limit, "How many")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
}

}  // namespace

int run_command_line(int argc, char** argv) {
    CLI::App app{"Commands for hosts, from a terminal. Documents: docs/cockpitctl.md",
                 "cockpitctl"};
    Line line;
    app.set_version_flag("--version", std::string("cockpitctl ") + COCKPIT_VERSION);
    app.add_option("--context", line.context, "The server that is meant, by its name");
    app.add_option("-o,--output", line.format, "table, json or jsonl")
        ->transform(CLI::CheckedTransformer(std::map<std::string, Format>{
            {"table", Format::table}, {"json", Format::json}, {"jsonl", Format::jsonl}}));
    app.require_subcommand(1);
    app.fallthrough();
    add_accounts(app, line);
    add_hosts(app, line);
    add_commands(app, line);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
    }
    try {
        return static_cast<int>(line.chosen());
    } catch (const Failure& failure) {
        std::cerr << "cockpitctl: " << failure.what() << '\n';
        if (!failure.hint.empty()) std::cerr << "  " << failure.hint << '\n';
        return static_cast<int>(failure.code);
    }
}

}  // namespace cockpit::cli
