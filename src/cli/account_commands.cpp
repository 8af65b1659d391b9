#include "cli/account_commands.hpp"

#include <iostream>

#include "cli/terminal.hpp"

namespace cockpit::cli {
namespace json = boost::json;

Exit login(const std::string& url, std::string user, const std::string& context) {
    const auto file = contexts_file();
    auto contexts = load_contexts(file);
    Context next{.url = server_url(url), .user = std::move(user), .token = ""};
    const auto password = ask_secret("Password of " + next.user + ": ");
    ApiClient api(next);
    const json::object credentials{{"username", next.user}, {"password", password}};
    const auto answer = api.send("POST", "/auth/login", &credentials);
    if (answer.status == 401) {
        throw Failure(Exit::not_permitted, "the user name or the password is wrong",
                      "the user is '" + next.user + "'; --user names another one");
    }
    const auto session = api.read(answer);
    next.token = text_at(session, "access_token");
    const auto name = context.empty() ? next.url.substr(next.url.find("://") + 3) : context;
    contexts.named[name] = next;
    contexts.current = name;
    save_contexts(file, contexts);
    std::cout << "Signed in to " << next.url << " as " << next.user << " until "
              << text_at(session, "expires_at") << " (context '" << name << "').\n";
    const auto* change = session.if_contains("must_change_password");
    if (change != nullptr && change->is_bool() && change->get_bool())
        std::cerr << "The password must be changed before anything else: in the page, at "
                  << next.url << "\n";
    return Exit::success;
}

Exit logout(Session& session, const std::string& context) {
    session.api.call("POST", "/auth/logout");
    const auto file = contexts_file();
    auto contexts = load_contexts(file);
    const auto found = contexts.named.find(context.empty() ? contexts.current : context);
    if (found != contexts.named.end()) {
        found->second.token.clear();
        save_contexts(file, contexts);
    }
    std::cout << "Signed out of " << session.api.context().url << ".\n";
    return Exit::success;
}

Exit whoami(Session& session) {
    session.print(session.api.get("/auth/me"));
    return Exit::success;
}

Exit list_tokens(Session& session) {
    session.print({{"ID", "id"},
                   {"NAME", "name"},
                   {"MADE", "created_at"},
                   {"UNTIL", "expires_at"},
                   {"THIS ONE", "current"}},
                  list_at(session.api.get("/auth/tokens"), "tokens"));
    return Exit::success;
}

Exit make_token(Session& session, const std::string& name, int days) {
    const auto made = session.api.post("/auth/tokens", {{"name", name}, {"expires_in_days", days}});
    if (session.format != Format::table) {
        session.print(made);
        return Exit::success;
    }
    std::cout << text_at(made, "access_token") << '\n';
    std::cerr << "It may do what you may, until " << text_at(made, "expires_at")
              << ", and is shown only now.\n";
    return Exit::success;
}

Exit revoke_token(Session& session, const std::string& id) {
    session.api.call("DELETE", "/auth/tokens/" + ApiClient::escape(id));
    std::cout << "It is no longer valid.\n";
    return Exit::success;
}

Exit list_contexts(Format format) {
    const auto contexts = load_contexts(contexts_file());
    json::array rows;
    for (const auto& [name, context] : contexts.named) {
        rows.push_back(json::object{{"current", name == contexts.current ? "*" : ""},
                                    {"name", name},
                                    {"url", context.url},
                                    {"user", context.user},
                                    {"signed_in", !context.token.empty()}});
    }
    std::cout << formatted(format,
                           {{"", "current"},
                            {"NAME", "name"},
                            {"SERVER", "url"},
                            {"USER", "user"},
                            {"SIGNED IN", "signed_in"}},
                           rows);
    return Exit::success;
}

Exit use_context(const std::string& name) {
    const auto file = contexts_file();
    auto contexts = load_contexts(file);
    if (!contexts.named.contains(name)) {
        throw Failure(Exit::usage, "there is no context '" + name + "'",
                      "cockpitctl context list shows those there are");
    }
    contexts.current = name;
    save_contexts(file, contexts);
    return Exit::success;
}

}  // namespace cockpit::cli
