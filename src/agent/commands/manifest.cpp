#include "agent/commands/manifest.hpp"

#include <unistd.h>

#include <algorithm>

#include "agent/commands/manifest_parameters.hpp"
#include "agent/commands/manifest_table.hpp"
#include "agent/commands/user_account.hpp"

namespace cockpit::commands {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t longest_name = 50;
constexpr std::size_t longest_description = 500;
constexpr std::size_t most_arguments = 100;
constexpr std::int64_t longest_timeout_s = 86'400;

bool is_variable_name(std::string_view name) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !name.empty() && letter(name[0]) &&
           std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

class ManifestReader {
  public:
    ManifestReader(std::string name, const TomlValue::Table& root, Complaints& complaints)
        : name_(std::move(name)),
          complaints_(complaints),
          root_(root, {}, complaints,
                {"description", "arguments", "idempotent", "timeout_s", "resource", "user",
                 "working_directory", "environment", "parameters"}) {}

    Manifest read(const ManifestContext& context) {
        Manifest manifest;
        auto& schema = manifest.schema;
        schema.name = name_;
        schema.idempotent = root_.boolean("idempotent").value_or(false);
        const auto timeout = root_.integer("timeout_s", 1, longest_timeout_s);
        schema.timeout_ms = timeout ? *timeout * 1000 : context.default_timeout.count();
        read_description(schema);
        parameters_ = read_parameters(root_, complaints_);
        read_arguments(manifest);
        read_environment(manifest);
        manifest.resource =
            read_value("resource", "no secret may be part of it, since it is shown");
        manifest.working_directory = read_value("working_directory", "a secret is no directory");
        check_working_directory();
        read_user(manifest);
        for (const auto& parameter : parameters_) {
            if (!used_.contains(parameter.schema.name)) {
                complaints_.add(parameter.position,
                                "parameter '" + parameter.schema.name + "' is not used; put {" +
                                    parameter.schema.name +
                                    "} into an argument or the environment, or leave it out");
            }
            manifest.rules[parameter.schema.name] = parameter.rule;
            schema.parameters.push_back(parameter.schema);
        }
        return manifest;
    }

  private:
    void read_description(protocol::CommandSchema& schema) {
        schema.description = root_.text("description").value_or("");
        if (root_.find("description") == nullptr) {
            complaints_.add({}, "'description' is missing; say in a line what the command does");
        } else if (schema.description.empty() || schema.description.size() > longest_description) {
            root_.complain("description", "'description' must have 1 to 500 bytes");
        }
    }

    const protocol::ParameterSchema* find(std::string_view name) const {
        const auto found = std::ranges::find_if(
            parameters_, [&](const auto& parameter) { return parameter.schema.name == name; });
        return found == parameters_.end() ? nullptr : &found->schema;
    }

    // `alone_may_lack`: consisting of one placeholder it may be left out with its parameter.
    std::optional<TextTemplate> read_template(const std::string& text, TextPosition position,
                                              bool alone_may_lack) {
        auto result = TextTemplate::parse(text);
        if (!result) {
            complaints_.add(position, "in '" + text + "': " + result.error().reason);
            return std::nullopt;
        }
        for (const auto& name : result->placeholders()) {
            used_.insert(name);
            const auto* parameter = find(name);
            if (parameter == nullptr) {
                std::vector<std::string_view> known;
                for (const auto& each : parameters_)
                    known.emplace_back(each.schema.name);
                complaints_.add(
                    position, "{" + name + "} in '" + text + "' is no parameter of this command" +
                                  (known.empty() ? "; it has none: write [parameters." + name + "]"
                                                 : suggestion(name, known)));
                continue;
            }
            const bool may_lack = !parameter->required && !parameter->default_text;
            if (may_lack && !(alone_may_lack && result->only_placeholder() != nullptr)) {
                complaints_.add(position, "'" + text + "' needs a value for '" + name +
                                              "', which is optional and has no default; give it "
                                              "a default or make it required" +
                                              (alone_may_lack ? ", or let {" + name +
                                                                    "} stand alone, which is left "
                                                                    "out without a value"
                                                              : ""));
            }
        }
        return *std::move(result);
    }

    void read_arguments(Manifest& manifest) {
        const auto* entry = root_.find("arguments");
        if (entry == nullptr) {
            return complaints_.add({},
                                   "'arguments' is missing; write arguments = "
                                   "[\"/usr/bin/program\", \"--option={parameter}\"]");
        }
        const auto texts = root_.texts("arguments");
        if (!texts) return;
        if (texts->empty() || texts->size() > most_arguments) {
            return root_.complain("arguments",
                                  "'arguments' must have 1 to 100 texts, the first "
                                  "one the path of the program");
        }
        const auto& items = *entry->value.array();
        for (std::size_t i = 0; i < texts->size(); ++i) {
            auto argument = read_template((*texts)[i], items[i].position, i > 0);
            if (!argument) continue;
            if (i == 0 && (!(*texts)[0].starts_with('/') || !argument->placeholders().empty())) {
                complaints_.add(items[0].position,
                                "'" + (*texts)[0] +
                                    "' cannot be the program; the first argument must be an "
                                    "absolute path without a placeholder");
            }
            manifest.arguments.push_back(*std::move(argument));
        }
    }

    void read_environment(Manifest& manifest) {
        const auto* entry = root_.find("environment");
        if (entry == nullptr) return;
        const auto* table = entry->value.table();
        if (table == nullptr) {
            return complaints_.add(entry->value.position,
                                   "'environment' must be a table: write "
                                   "[environment] and NAME = \"value\"");
        }
        for (const auto& one : *table) {
            if (!is_variable_name(one.key)) {
                complaints_.add(one.position, "'" + one.key.substr(0, 64) +
                                                  "' cannot be the name of a variable; use "
                                                  "A-Z a-z 0-9 _, no digit first");
                continue;
            }
            const auto* text = one.value.text();
            if (text == nullptr || text->find('\0') != std::string::npos) {
                complaints_.add(one.value.position, "variable '" + one.key +
                                                        "' must be a text without NUL, such as "
                                                        "\"1\" or \"{parameter}\"");
                continue;
            }
            if (auto value = read_template(*text, one.value.position, true)) {
                manifest.environment.emplace(one.key, *std::move(value));
            }
        }
    }

    std::optional<TextTemplate> read_value(std::string_view key, std::string_view no_secret) {
        const auto text = root_.text(key);
        if (!text) return std::nullopt;
        if (text->empty()) {
            root_.complain(key, "'" + std::string(key) + "' is empty; leave it out");
            return std::nullopt;
        }
        auto result = read_template(*text, root_.find(key)->value.position, false);
        if (!result) return std::nullopt;
        for (const auto& name : result->placeholders()) {
            const auto* parameter = find(name);
            if (parameter != nullptr && parameter->secret) {
                root_.complain(key, "'" + std::string(key) + "' uses the secret '" + name +
                                        "': " + std::string(no_secret));
            }
        }
        return result;
    }

    void check_working_directory() {
        const auto text = root_.text("working_directory");
        if (!text || text->empty() || text->starts_with('/')) return;
        const auto parsed = TextTemplate::parse(*text);
        const auto* name = parsed ? parsed->only_placeholder() : nullptr;
        const auto* parameter = name != nullptr ? find(*name) : nullptr;
        if (parameter == nullptr || !parameter->root) {
            root_.complain("working_directory",
                           "'working_directory' must begin with '/' or be a "
                           "parameter of type path");
        }
    }

    void read_user(Manifest& manifest) {
        const auto name = root_.text("user");
        auto user = name ? find_account(*name) : own_account();
        if (!user) return root_.complain("user", user.error());
        manifest.user = *std::move(user);
    }

    std::string name_;
    Complaints& complaints_;
    ManifestTable root_;
    std::vector<DeclaredParameter> parameters_;
    std::set<std::string> used_;
};

}  // namespace

bool is_command_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_name && name[0] >= 'a' && name[0] <= 'z' &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
           });
}

std::expected<Manifest, std::vector<std::string>> read_manifest(const fs::path& file,
                                                                std::string_view text,
                                                                const ManifestContext& context) {
    Complaints complaints(file);
    const auto name = file.stem().string();
    if (!is_command_name(name)) {
        complaints.add({}, "'" + name +
                               "' cannot be a command's name; name the file with 1 to 50 of "
                               "a-z 0-9 _ -, the first one a letter");
    }
    const auto document = parse_toml(text);
    if (!document) {
        complaints.add(document.error().position, "this is no TOML: " + document.error().reason);
        return std::unexpected(complaints.take());
    }
    auto manifest = ManifestReader(name, *document->table(), complaints).read(context);
    if (!complaints.empty()) return std::unexpected(complaints.take());
    manifest.source = text;
    return manifest;
}

}  // namespace cockpit::commands
