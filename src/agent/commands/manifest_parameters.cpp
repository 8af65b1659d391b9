#include "agent/commands/manifest_parameters.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "protocol/text_pattern.hpp"

namespace cockpit::commands {
namespace {

using protocol::ParameterSchema;
namespace json = boost::json;

constexpr std::size_t longest_name = 50;
constexpr std::size_t longest_description = 500;
constexpr std::size_t most_values = 100;
constexpr std::size_t longest_value = 255;

const std::vector<std::string_view> types{"string", "enum", "integer", "boolean", "path", "secret"};

bool is_parameter_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_name && name[0] >= 'a' && name[0] <= 'z' &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
           });
}

// Which keys go with which types; those that go with all are not here.
struct KeyUse {
    std::string_view key;
    std::vector<std::string_view> types;
};
const std::vector<KeyUse> key_uses{
    {"pattern", {"string", "secret"}},
    {"max_length", {"string", "secret"}},
    {"values", {"enum"}},
    {"min", {"integer"}},
    {"max", {"integer"}},
    {"root", {"path"}},
    {"must_exist", {"path"}},
    {"default", {"string", "enum", "integer", "boolean", "path"}},
    {"may_begin_with_dash", {"string", "integer", "secret"}},
};

class ParameterReader {
  public:
    ParameterReader(const TomlEntry& entry, const TomlValue::Table& content, Complaints& complaints)
        : entry_(entry),
          complaints_(complaints),
          table_(content, entry.position, complaints,
                 {"type", "required", "description", "pattern", "max_length", "values", "min",
                  "max", "root", "must_exist", "default", "may_begin_with_dash"}) {}

    DeclaredParameter read() {
        DeclaredParameter parameter{.position = entry_.position};
        auto& schema = parameter.schema;
        schema.name = entry_.key;
        if (!is_parameter_name(entry_.key)) {
            complaints_.add(entry_.position, "'" + entry_.key.substr(0, 64) +
                                                 "' cannot be a parameter's name; use 1 to 50 of "
                                                 "a-z 0-9 _, the first one a letter");
        }
        schema.description = table_.text("description").value_or("");
        if (schema.description.size() > longest_description) {
            table_.complain("description", "'description' is longer than 500 bytes");
        }
        const auto type = read_type();
        if (type.empty()) return parameter;
        schema.secret = type == "secret";
        if (type == "integer") schema.type = ParameterSchema::Type::integer;
        if (type == "boolean") schema.type = ParameterSchema::Type::boolean;
        const auto complaints_before = complaints_.size();
        refuse_keys_of_other_types(type);
        if (type == "string" || type == "secret") read_text(schema);
        if (type == "enum") read_values(schema);
        if (type == "integer") read_range(schema);
        if (type == "path") read_root(schema);
        parameter.rule.must_exist = table_.boolean("must_exist").value_or(false);
        // The owner wrote an enum's values himself.
        parameter.rule.may_begin_with_dash =
            type == "enum" || table_.boolean("may_begin_with_dash").value_or(false);
        if (complaints_.size() == complaints_before) read_default(schema);
        read_required(schema);
        return parameter;
    }

  private:
    std::string read_type() {
        const auto type = table_.text("type");
        if (!type) {
            if (table_.find("type") == nullptr) {
                complaints_.add(entry_.position, "parameter '" + entry_.key + "' has no 'type'" +
                                                     suggestion("", types));
            }
            return {};
        }
        if (std::ranges::find(types, *type) != types.end()) return *type;
        table_.complain("type", "unknown type '" + type->substr(0, 64) + "'" +
                                    suggestion(type->substr(0, 64), types));
        return {};
    }

    void refuse_keys_of_other_types(std::string_view type) {
        for (const auto& use : key_uses) {
            const auto* entry = table_.find(use.key);
            if (entry == nullptr || std::ranges::find(use.types, type) != use.types.end()) continue;
            std::string right;
            for (const auto word : use.types)
                right += (right.empty() ? "" : ", ") + std::string(word);
            complaints_.add(entry->position, "'" + std::string(use.key) +
                                                 "' does not go with type '" + std::string(type) +
                                                 "'; it is for: " + right);
        }
    }

    void read_text(ParameterSchema& schema) {
        schema.pattern = table_.text("pattern");
        if (schema.pattern) {
            if (auto right = protocol::check_pattern(*schema.pattern); !right) {
                table_.complain("pattern", "'pattern' cannot be used: " + right.error());
            }
        }
        const auto limit =
            schema.pattern ? protocol::longest_matched_text : protocol::longest_text_parameter;
        schema.max_length = static_cast<std::size_t>(
            table_.integer("max_length", 1, static_cast<std::int64_t>(limit))
                .value_or(static_cast<std::int64_t>(schema.max_length)));
    }

    void read_values(ParameterSchema& schema) {
        if (table_.find("values") == nullptr) {
            return complaints_.add(entry_.position, "parameter '" + entry_.key +
                                                        "' is an enum and has no 'values'; write "
                                                        "values = [\"a\", \"b\"]");
        }
        const auto values = table_.texts("values");
        if (!values) return;
        schema.values = *values;
        auto sorted = *values;
        std::ranges::sort(sorted);
        if (values->empty() || values->size() > most_values) {
            table_.complain("values", "'values' must be a list of 1 to 100 texts");
        } else if (std::ranges::adjacent_find(sorted) != sorted.end()) {
            table_.complain("values",
                            "'values' holds '" + *std::ranges::adjacent_find(sorted) + "' twice");
        } else if (std::ranges::any_of(sorted, [](const std::string& value) {
                       return value.size() > longest_value;
                   })) {
            table_.complain("values", "a text of 'values' is longer than 255 bytes");
        }
    }

    void read_range(ParameterSchema& schema) {
        schema.minimum = table_.integer("min");
        schema.maximum = table_.integer("max");
        if (schema.minimum && schema.maximum && *schema.minimum > *schema.maximum) {
            table_.complain("min", "'min' is greater than 'max'");
        }
    }

    void read_root(ParameterSchema& schema) {
        schema.root = table_.text("root");
        if (table_.find("root") == nullptr) {
            return complaints_.add(entry_.position,
                                   "parameter '" + entry_.key +
                                       "' is a path and has no 'root'; name the directory it must "
                                       "be in (root = \"/\" allows every path)");
        }
        if (!schema.root) return;
        const std::filesystem::path root(*schema.root);
        const bool climbs =
            std::ranges::any_of(root, [](const auto& part) { return part == ".."; });
        if (!root.is_absolute() || climbs) {
            table_.complain("root", "'root' must be an absolute path without '..'");
        }
    }

    void read_default(ParameterSchema& schema) {
        const auto* entry = table_.find("default");
        if (entry == nullptr) return;
        json::value value;
        if (const auto* text = entry->value.text()) {
            value = *text;
            schema.default_text = *text;
        } else if (const auto* number = std::get_if<std::int64_t>(&entry->value.value)) {
            value = *number;
        } else if (const auto* boolean = std::get_if<bool>(&entry->value.value)) {
            value = *boolean;
        }
        if (!schema.default_text) schema.default_text = json::serialize(value);
        if (const auto wrong = protocol::wrong_value(schema, value)) {
            table_.complain("default", "the default of '" + entry_.key + "' " + *wrong);
        }
    }

    void read_required(ParameterSchema& schema) {
        const auto required = table_.boolean("required");
        if (required.value_or(false) && table_.find("default") != nullptr) {
            table_.complain("required", "parameter '" + entry_.key +
                                            "' is required and has a default, which is never "
                                            "used then; leave one of them out");
        }
        schema.required = required.value_or(table_.find("default") == nullptr);
    }

    const TomlEntry& entry_;
    Complaints& complaints_;
    ManifestTable table_;
};

}  // namespace

std::vector<DeclaredParameter> read_parameters(const ManifestTable& root, Complaints& complaints) {
    std::vector<DeclaredParameter> parameters;
    const auto* entry = root.find("parameters");
    if (entry == nullptr) return parameters;
    const auto* table = entry->value.table();
    if (table == nullptr) {
        complaints.add(entry->value.position,
                       "'parameters' must be tables: write [parameters.NAME]");
        return parameters;
    }
    if (table->size() > protocol::most_parameters) {
        complaints.add(
            entry->position,
            "a command takes at most " + std::to_string(protocol::most_parameters) + " parameters");
        return parameters;
    }
    for (const auto& one : *table) {
        const auto* content = one.value.table();
        if (content == nullptr) {
            complaints.add(one.value.position, "parameter '" + one.key.substr(0, 64) +
                                                   "' must be a table: write [parameters." +
                                                   one.key.substr(0, 64) + "]");
            continue;
        }
        parameters.push_back(ParameterReader(one, *content, complaints).read());
    }
    return parameters;
}

}  // namespace cockpit::commands
