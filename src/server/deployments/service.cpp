#include "server/deployments/service.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include "server/deployments/repository_rules.hpp"
#include "server/deployments/template_files.hpp"

namespace cockpit::deployments {
namespace json = boost::json;
namespace {

using Kind = GitCredentials::Kind;

std::unexpected<std::string> wrong(std::string_view field, std::string_view what) {
    return std::unexpected("'" + std::string(field) + "' " + std::string(what));
}

bool has_control(std::string_view text, bool lines_allowed) {
    return std::ranges::any_of(text, [&](char c) {
        const auto byte = static_cast<unsigned char>(c);
        if (lines_allowed && (c == '\n' || c == '\r' || c == '\t')) return false;
        return byte < 0x20 || byte == 0x7f;
    });
}

// One text member after the other; the first that is wrong is told.
class Reader {
  public:
    explicit Reader(const json::object& from) : from_(from) {}

    std::string text(std::string_view field, std::string otherwise, std::size_t most,
                     bool lines_allowed = false) {
        const auto* given = from_.if_contains(field);
        if (given == nullptr || given->is_null()) return otherwise;
        const auto* value = given->if_string();
        if (value == nullptr) {
            refuse(field, "must be a string");
        } else if (value->size() > most) {
            refuse(field, "must have at most " + std::to_string(most) + " bytes");
        } else if (has_control({value->data(), value->size()}, lines_allowed)) {
            refuse(field, "must not have control characters");
        } else {
            return std::string(*value);
        }
        return otherwise;
    }
    bool boolean(std::string_view field) {
        const auto* given = from_.if_contains(field);
        if (given == nullptr || given->is_null()) return false;
        if (!given->is_bool()) refuse(field, "must be true or false");
        return given->is_bool() && given->get_bool();
    }
    void refuse(std::string_view field, std::string_view what) {
        if (!error_) error_ = "'" + std::string(field) + "' " + std::string(what);
    }
    void refuse(std::optional<std::string> sentence) {
        if (!error_ && sentence) error_ = std::move(sentence);
    }
    const std::optional<std::string>& error() const { return error_; }

  private:
    const json::object& from_;
    std::optional<std::string> error_;
};

std::expected<void, std::string> read_credentials(const json::value& given, ServiceDraft& draft) {
    if (!given.is_object()) {
        return wrong("credentials",
                     "must be an object with 'kind' (none, password or ssh_key) and 'secret'");
    }
    const auto& object = given.get_object();
    Reader reader(object);
    auto& service = draft.service;
    const auto kind = parse_credentials_kind(reader.text("kind", "", 20));
    if (!kind) return wrong("credentials", "needs 'kind': none, password or ssh_key");
    service.credentials = *kind;
    service.username = reader.text("username", "", 200);
    service.known_hosts = reader.text("known_hosts", "", 16'384, true);
    // A line more in a password would be an answer more to git's question.
    auto secret = reader.text("secret", "", 16'384, *kind == Kind::ssh_key);
    if (reader.error()) return std::unexpected("in 'credentials', " + *reader.error());
    if (!secret.empty()) draft.secret = std::move(secret);
    if (*kind == Kind::password && service.username.empty()) {
        return wrong("credentials",
                     "of kind 'password' needs 'username'; where a token stands for "
                     "both, most git servers take any name");
    }
    if (*kind == Kind::ssh_key && service.known_hosts.empty()) {
        return wrong("credentials",
                     "of kind 'ssh_key' needs 'known_hosts': the lines that ssh-keyscan gives for "
                     "the host, once you made sure that they are right");
    }
    if (*kind == Kind::none && draft.secret) {
        return wrong("credentials", "of kind 'none' takes no 'secret'");
    }
    return {};
}

std::expected<void, std::string> read_check(const json::value& given, Service& service) {
    if (!given.is_object()) return wrong("check", "must be an object with 'kind'");
    service.check = given.get_object();
    const auto has = [&](std::string_view name) {
        const auto* value = service.check.if_contains(name);
        return value != nullptr && !value->is_null();
    };
    const auto* kind = service.check.if_contains("kind");
    const auto word = kind != nullptr && kind->is_string() ? std::string(kind->get_string()) : "";
    if (word == "http" && !has("url")) return wrong("check", "of kind 'http' needs 'url'");
    if (word == "tcp" && (!has("host") || !has("port"))) {
        return wrong("check", "of kind 'tcp' needs 'host' and 'port'");
    }
    if (word == "container" && !has("container")) {
        return wrong("check", "of kind 'container' needs 'container'");
    }
    if (word != "http" && word != "tcp" && word != "container") {
        return wrong("check", "needs 'kind': http, tcp or container");
    }
    return {};
}

std::optional<std::string> read_templates(const json::value& given, Service& service) {
    constexpr std::string_view shape =
        "'templates' must be a list of objects with 'path' and 'body'";
    if (!given.is_array()) return std::string(shape);
    if (given.get_array().size() > most_templates) {
        return "'templates' must have at most " + std::to_string(most_templates) + " entries";
    }
    for (const auto& each : given.get_array()) {
        const auto* object = each.if_object();
        const auto* path = object == nullptr ? nullptr : object->if_contains("path");
        const auto* body = object == nullptr ? nullptr : object->if_contains("body");
        if (path == nullptr || !path->is_string() || body == nullptr || !body->is_string() ||
            object->size() != 2) {
            return std::string(shape);
        }
        StoredTemplate stored{std::string(path->get_string()), std::string(body->get_string())};
        if (auto wrong = wrong_template(stored)) return "in 'templates', " + *std::move(wrong);
        service.templates.push_back(std::move(stored));
    }
    return std::nullopt;
}

std::optional<std::string> read_variables(const std::string& where, const json::value& given,
                                          Variables& variables) {
    if (!given.is_object()) return "'" + where + "' must be an object of names and values";
    for (const auto& [name, value] : given.get_object()) {
        if (auto wrong = wrong_variable(name, value)) return "in '" + where + "', " + *wrong;
    }
    variables = given.get_object();
    return std::nullopt;
}

std::optional<std::string> read_variables_by(const std::string& where, const json::value& given,
                                             std::map<std::string, Variables>& variables) {
    if (!given.is_object()) {
        return "'" + where +
               "' must be an object with an object of names and values in each member";
    }
    for (const auto& [of, values] : given.get_object()) {
        auto wrong = read_variables(where + "." + std::string(of), values, variables[of]);
        if (wrong) return wrong;
    }
    return std::nullopt;
}

// What files are made of.
std::optional<std::string> read_sources(const json::object& request, Service& service) {
    const auto given = [&](std::string_view name) {
        const auto* value = request.if_contains(name);
        return value != nullptr && !value->is_null() ? value : nullptr;
    };
    std::optional<std::string> wrong;
    if (const auto* value = given("templates")) wrong = read_templates(*value, service);
    if (const auto* value = given("variables"); value && !wrong) {
        wrong = read_variables("variables", *value, service.variables);
    }
    if (const auto* value = given("group_variables"); value && !wrong) {
        wrong = read_variables_by("group_variables", *value, service.group_variables);
    }
    if (const auto* value = given("host_variables"); value && !wrong) {
        wrong = read_variables_by("host_variables", *value, service.host_variables);
    }
    return wrong;
}

}  // namespace

std::string_view to_text(Kind kind) {
    switch (kind) {
        case Kind::none:
            return "none";
        case Kind::password:
            return "password";
        case Kind::ssh_key:
            return "ssh_key";
    }
    return "none";
}

std::optional<Kind> parse_credentials_kind(std::string_view text) {
    for (const auto kind : {Kind::none, Kind::password, Kind::ssh_key}) {
        if (to_text(kind) == text) return kind;
    }
    return std::nullopt;
}

std::expected<ServiceDraft, std::string> service_draft_of(std::string name,
                                                          const json::object& request,
                                                          bool allow_local) {
    ServiceDraft draft;
    auto& service = draft.service;
    service.name = std::move(name);
    Reader reader(request);
    reader.refuse(wrong_service_name(service.name));
    service.remote = reader.text("remote", "", 1000);
    service.branch = reader.text("branch", "main", 200);
    service.path = reader.text("path", "", 1000);
    service.author_name = reader.text("author_name", "Cockpit", 200);
    service.author_email = reader.text("author_email", "cockpit@localhost", 200);
    service.targets = reader.text("targets", "", 4096);
    service.repository_path = reader.text("repository_path", "", 1000);
    service.container = reader.text("container", "", 255);
    service.deploy_on_push = reader.boolean("deploy_on_push");
    reader.refuse(wrong_remote(service.remote, allow_local));
    reader.refuse(wrong_branch(service.branch));
    if (!service.path.empty()) reader.refuse(wrong_file_path(service.path));
    if (service.targets.empty()) {
        reader.refuse("targets", "is missing; it must say who gets it, such as group:web");
    }
    if (!service.repository_path.starts_with('/') && !service.repository_path.starts_with("{{")) {
        reader.refuse("repository_path", "must be the absolute path of the clone on the hosts");
    }
    // git takes these two for the marks of its own.
    if (service.author_name.find_first_of("<>") != std::string::npos ||
        service.author_name.empty()) {
        reader.refuse("author_name", "must not be empty, nor have < or > in it");
    }
    if (service.author_email.find_first_of("<> ") != std::string::npos ||
        service.author_email.empty()) {
        reader.refuse("author_email", "must not be empty, nor have <, > or spaces in it");
    }
    if (reader.error()) return std::unexpected(*reader.error());
    auto manner = runs::manner_of(request);
    if (!manner) return std::unexpected(manner.error());
    service.manner = *std::move(manner);
    if (auto problem = read_sources(request, service)) return std::unexpected(*problem);
    const auto* check = request.if_contains("check");
    if (check != nullptr && !check->is_null()) {
        if (auto read = read_check(*check, service); !read) return std::unexpected(read.error());
    }
    const auto* credentials = request.if_contains("credentials");
    if (credentials != nullptr && !credentials->is_null()) {
        draft.names_credentials = true;
        if (auto read = read_credentials(*credentials, draft); !read) {
            return std::unexpected(read.error());
        }
    }
    draft.definition = {{"remote", service.remote},
                        {"branch", service.branch},
                        {"path", service.path},
                        {"author_name", service.author_name},
                        {"author_email", service.author_email},
                        {"targets", service.targets},
                        {"repository_path", service.repository_path},
                        {"container", service.container},
                        {"check", service.check},
                        {"deploy_on_push", service.deploy_on_push},
                        {"credentials", json::object{{"kind", to_text(service.credentials)},
                                                     {"username", service.username},
                                                     {"known_hosts", service.known_hosts}}}};
    if (service.check.empty()) draft.definition["check"] = nullptr;
    for (const std::string_view member :
         {"concurrency", "max_failures", "canary", "pause_s", "execution_timeout", "offline",
          "expires_in", "templates", "variables", "group_variables", "host_variables"}) {
        const auto* given = request.if_contains(member);
        if (given != nullptr && !given->is_null()) draft.definition[member] = *given;
    }
    return draft;
}

std::expected<Service, std::string> service_of(std::string name, const std::string& definition) {
    boost::system::error_code failed;
    const auto value = json::parse(definition, failed);
    if (failed || !value.is_object()) {
        return std::unexpected("the definition of service '" + name +
                               "' was altered in the database: it is no JSON object");
    }
    // What is allowed was asked when it was written, and git is asked again when it is used.
    auto draft = service_draft_of(name, value.get_object(), true);
    if (!draft) {
        return std::unexpected("the definition of service '" + name +
                               "' is wrong: " + draft.error());
    }
    return std::move(draft->service);
}

std::string full_path(const Service& service, const std::string& path) {
    return service.path.empty() ? path : service.path + "/" + path;
}

}  // namespace cockpit::deployments
