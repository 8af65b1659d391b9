#include "server/deployments/template_files.hpp"

#include <algorithm>
#include <kainjow/mustache.hpp>
#include <map>
#include <set>

#include "server/deployments/repository_rules.hpp"

namespace cockpit::deployments {
namespace mustache = kainjow::mustache;
namespace {

// Knows which names were asked for in vain.
class Names final : public mustache::context<std::string> {
  public:
    explicit Names(const mustache::data* data) : mustache::context<std::string>(data) {}
    const mustache::data* get(const std::string& name) const override {
        const auto* found = mustache::context<std::string>::get(name);
        if (found == nullptr) missing_.insert(name);
        return found;
    }
    const mustache::data* get_partial(const std::string& name) const override {
        missing_.insert("> " + name);
        return nullptr;
    }
    const std::set<std::string>& missing() const { return missing_; }

  private:
    mutable std::set<std::string> missing_;
};

using Values = std::map<std::string, boost::json::value>;

std::expected<Values, std::string> values_for(const Service& service, const TemplateHost& host) {
    Values values;
    for (const auto& [name, value] : service.variables)
        values[name] = value;
    std::map<std::string, std::string> from;  // by name, the group it is of
    for (const auto& group : host.groups) {
        const auto found = service.group_variables.find(group);
        if (found == service.group_variables.end()) continue;
        for (const auto& [key, value] : found->second) {
            const std::string name(key);
            const auto [before, is_first] = from.try_emplace(name, group);
            if (!is_first && values[name] != value) {
                return std::unexpected("host '" + host.agent_id + "' is in the groups '" +
                                       before->second + "' and '" + group +
                                       "', which give variable '" + name +
                                       "' different values; give it one in host_variables");
            }
            values[name] = value;
        }
    }
    if (const auto own = service.host_variables.find(host.agent_id);
        own != service.host_variables.end()) {
        for (const auto& [name, value] : own->second)
            values[name] = value;
    }
    values["agent_id"] = host.agent_id;
    values["hostname"] = host.hostname;
    return values;
}

mustache::data data_of(const Values& values) {
    mustache::data data;
    for (const auto& [name, value] : values) {
        if (value.is_bool()) {
            data.set(name, mustache::data(value.get_bool()));
        } else if (value.is_string()) {
            data.set(name, mustache::data(std::string(value.get_string())));
        } else {
            data.set(name, mustache::data(std::to_string(value.to_number<std::int64_t>())));
        }
    }
    return data;
}

std::string quoted_list(const std::set<std::string>& names) {
    std::string text;
    for (const auto& name : names)
        text += (text.empty() ? "'" : ", '") + name + "'";
    return text;
}

std::expected<std::string, std::string> rendered(const std::string& text,
                                                 const mustache::data& data) {
    mustache::mustache parsed(text);
    if (!parsed.is_valid()) return std::unexpected(parsed.error_message());
    parsed.set_custom_escape([](const std::string& plain) { return plain; });
    Names names(&data);
    auto result = parsed.render(names);
    if (!parsed.error_message().empty()) return std::unexpected(parsed.error_message());
    if (!names.missing().empty()) {
        return std::unexpected("no value is given for " + quoted_list(names.missing()));
    }
    return result;
}

}  // namespace

std::optional<std::string> wrong_template(const StoredTemplate& stored) {
    const auto named = "the template of '" + stored.path.substr(0, 200) + "' ";
    if (stored.path.empty()) return "'path' is empty";
    if (stored.path.size() > 1000) return named + "has a path longer than 1000 bytes";
    if (stored.body.size() > most_template_bytes) {
        return named + "is longer than " + std::to_string(most_template_bytes) + " bytes";
    }
    for (const auto& [text, what] :
         {std::pair(&stored.path, "its path"), std::pair(&stored.body, "its body")}) {
        const mustache::mustache parsed(*text);
        if (!parsed.is_valid()) {
            return named + "is wrong in " + what + ": " + parsed.error_message();
        }
    }
    return std::nullopt;
}

std::optional<std::string> wrong_variable(std::string_view name, const boost::json::value& value) {
    const auto named = "the variable '" + std::string(name.substr(0, 100)) + "' ";
    const bool right = !name.empty() && name.size() <= 100 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
    if (!right) {
        return named + "must have a name of 1 to 100 letters, digits, underscores and hyphens";
    }
    if (name == "agent_id" || name == "hostname")
        return named + "is the host's own; name it otherwise";
    if (value.is_string() && value.get_string().size() <= 65'536) return std::nullopt;
    if (value.is_bool() || value.is_int64() || value.is_uint64()) return std::nullopt;
    return named + "must be text of at most 65536 bytes, a whole number, true or false";
}

std::expected<std::string, std::string> render_text(const Service& service,
                                                    const TemplateHost& host,
                                                    const std::string& text) {
    const auto values = values_for(service, host);
    if (!values) return std::unexpected(values.error());
    return rendered(text, data_of(*values));
}

std::expected<std::vector<FileChange>, std::string> render_templates(
    const Service& service, const std::vector<TemplateHost>& hosts) {
    std::vector<FileChange> files;
    std::map<std::string, std::pair<std::size_t, std::string>> made;  // path: where, for whom
    std::size_t bytes = 0;
    for (const auto& stored : service.templates) {
        for (const auto& host : hosts) {
            const auto values = values_for(service, host);
            if (!values) return std::unexpected(values.error());
            const auto data = data_of(*values);
            const auto where =
                "the template of '" + stored.path + "' for host '" + host.agent_id + "': ";
            auto path = rendered(stored.path, data);
            if (!path) return std::unexpected(where + path.error());
            if (auto wrong = wrong_file_path(*path)) return std::unexpected(where + *wrong);
            auto body = rendered(stored.body, data);
            if (!body) return std::unexpected(where + body.error());
            auto full = full_path(service, *path);
            if (const auto other = made.find(full); other != made.end()) {
                const auto& [at, of] = other->second;
                if (files[at].content == *body) continue;
                return std::unexpected("the templates give '" + *path + "' for host '" +
                                       host.agent_id + "' other content than for host '" + of +
                                       "'; put {{agent_id}} into the path, so that each has a "
                                       "file of its own");
            }
            bytes += body->size();
            if (files.size() >= most_files || bytes > most_file_bytes) {
                return std::unexpected("the templates make more than " +
                                       std::to_string(most_files) + " files or " +
                                       std::to_string(most_file_bytes) + " bytes");
            }
            made[full] = {files.size(), host.agent_id};
            files.push_back({std::move(full), *std::move(body)});
        }
    }
    return files;
}

}  // namespace cockpit::deployments
