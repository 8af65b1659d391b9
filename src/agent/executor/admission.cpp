#include "agent/executor/admission.hpp"

#include <algorithm>

#include "protocol/text.hpp"

namespace cockpit::executor {

std::expected<void, std::string> verify(const protocol::Entry& entry,
                                        const std::vector<crypto::PublicKey>& server_keys) {
    if (entry.body.size() > max_body_bytes) {
        return std::unexpected("its body is larger than " + std::to_string(max_body_bytes) +
                               " bytes");
    }
    const auto key = std::ranges::find_if(
        server_keys, [&](const crypto::PublicKey& known) { return known.id() == entry.key_id; });
    if (key == server_keys.end()) {
        return std::unexpected(
            "it is signed with a key that this agent does not know (COCKPIT_SERVER_KEY)");
    }
    if (!key->verifies(protocol::signing_input(entry.kind, entry.body), entry.signature)) {
        return std::unexpected("its signature is not the server's: it was forged or altered");
    }
    return {};
}

std::expected<Admitted, std::string> admit(const CommandHandlers& handlers,
                                           std::string_view command,
                                           const boost::json::object& params,
                                           const SealOpener* opener) {
    const auto handler = std::ranges::find_if(
        handlers, [&](const auto& candidate) { return candidate->schema().name == command; });
    if (handler == handlers.end()) {
        std::string known;
        for (const auto& each : handlers) {
            known += (known.empty() ? "" : ", ") + each->schema().name;
        }
        return std::unexpected("unknown command '" + protocol::to_utf8(command.substr(0, 64)) +
                               "': this host can do " + (known.empty() ? "nothing" : known));
    }
    const auto opened = open_secrets((*handler)->schema(), params, opener);
    if (!opened) return std::unexpected(opened.error());
    auto checked = protocol::validate_parameters((*handler)->schema(), *opened);
    if (!checked) return std::unexpected(std::move(checked.error()));
    if (auto allowed = (*handler)->allows(*checked); !allowed) {
        return std::unexpected(std::move(allowed.error()));
    }
    return Admitted{handler->get(), *std::move(checked)};
}

std::string duration_text(std::int64_t milliseconds) {
    const auto tenths = milliseconds / 100;
    if (tenths < 600) return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
    const auto minutes = milliseconds / 60'000;
    if (minutes < 120) return std::to_string(minutes) + " min";
    if (minutes < 48 * 60) return std::to_string(minutes / 60) + " h";
    return std::to_string(minutes / (24 * 60)) + " days";
}

std::int64_t time_limit(const protocol::Run& run, const CommandHandler& handler) {
    const auto of_host = handler.schema().timeout_ms;
    return std::min(of_host, run.timeout_ms.value_or(of_host));
}

}  // namespace cockpit::executor
