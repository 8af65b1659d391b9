#include "cli/host_commands.hpp"

#include <algorithm>
#include <iostream>

namespace cockpit::cli {
namespace json = boost::json;

Exit list_agents(Session& session, const std::string& targets, const std::string& status) {
    std::string path = std::string(base) + "/list?";
    if (!targets.empty()) path += "target=" + ApiClient::escape(targets) + "&";
    if (!status.empty()) path += "status=" + ApiClient::escape(status);
    const auto answer = session.api.get(path);
    session.print({{"HOST", "agent_id"},
                   {"STATE", "status"},
                   {"RUNNING", "running"},
                   {"LABELS", "labels"},
                   {"VERSION", "version"},
                   {"SYSTEM", "os"}},
                  list_at(answer, "agents"));
    return Exit::success;
}

Exit show_agent(Session& session, const std::string& id) {
    session.print(session.api.get(std::string(base) + "/" + ApiClient::escape(id) + "/status"));
    return Exit::success;
}

Exit list_groups(Session& session) {
    const auto answer = session.api.get(std::string(base) + "/groups");
    session.print({{"GROUP", "name"},
                   {"HOSTS", "total"},
                   {"MEMBERS", "members"},
                   {"EXPRESSION", "expression"},
                   {"DESCRIPTION", "description"}},
                  list_at(answer, "groups"));
    return Exit::success;
}

bool is_command_id(const std::string& text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !std::isxdigit(static_cast<unsigned char>(text[i])))
            return false;
    }
    return true;
}

Exit why(Session& session, const std::string& id) {
    const auto path = is_command_id(id) ? "/commands/" + id : "/" + ApiClient::escape(id);
    const auto answer = session.api.get(std::string(base) + path + "/why");
    if (session.format != Format::table) {
        session.print(answer);
    } else {
        std::cout << text_at(answer, "status") << ": " << printable(text_at(answer, "why")) << '\n';
    }
    return Exit::success;
}

}  // namespace cockpit::cli
