#include "server/deployments/deployment_request.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "crypto/encoding.hpp"
#include "server/deployments/repository_rules.hpp"
#include "server/deployments/template_files.hpp"

namespace cockpit::deployments {
namespace json = boost::json;
namespace {

constexpr std::size_t most_message = 4096;

std::unexpected<std::string> wrong(std::string_view what) {
    return std::unexpected("'files' is wrong: " + std::string(what));
}

std::expected<FileChange, std::string> file_of(const json::value& given) {
    constexpr std::string_view shape =
        "each must be an object with 'path' and one of 'content' (text), 'content_base64' and "
        "'remove': true";
    const auto* object = given.if_object();
    if (object == nullptr) return wrong(shape);
    const auto* path = object->if_contains("path");
    if (path == nullptr || !path->is_string()) return wrong(shape);
    FileChange file{std::string(path->get_string()), std::nullopt};
    if (auto problem = wrong_file_path(file.path)) return wrong(*problem);
    if (object->size() != 2) return wrong("of '" + file.path + "', " + std::string(shape));
    if (const auto* content = object->if_contains("content"); content && content->is_string()) {
        file.content = std::string(content->get_string());
    } else if (const auto* encoded = object->if_contains("content_base64");
               encoded && encoded->is_string()) {
        auto bytes = crypto::from_base64(std::string_view(encoded->get_string()));
        if (!bytes) return wrong("'content_base64' of '" + file.path + "' is no base64");
        file.content = *std::move(bytes);
    } else if (const auto* gone = object->if_contains("remove");
               gone == nullptr || !gone->is_bool() || !gone->get_bool()) {
        return wrong("of '" + file.path + "', " + std::string(shape));
    }
    return file;
}

std::expected<std::vector<FileChange>, std::string> files_of(const json::value& given) {
    const auto* list = given.if_array();
    if (list == nullptr) return wrong("it must be a list");
    if (list->size() > most_files) {
        return wrong("there may be at most " + std::to_string(most_files));
    }
    std::vector<FileChange> files;
    std::set<std::string> paths;
    std::size_t bytes = 0;
    for (const auto& each : *list) {
        auto file = file_of(each);
        if (!file) return std::unexpected(file.error());
        if (!paths.insert(file->path).second) return wrong("'" + file->path + "' is there twice");
        if (file->content) bytes += file->content->size();
        files.push_back(*std::move(file));
    }
    if (bytes > most_file_bytes) {
        return wrong("all together may have at most " + std::to_string(most_file_bytes) + " bytes");
    }
    return files;
}

// A line of the mark's shape would be taken for the mark.
std::optional<std::string> wrong_message(std::string_view message) {
    if (message.size() > most_message) {
        return "'message' must have at most " + std::to_string(most_message) + " bytes";
    }
    const bool control = std::ranges::any_of(message, [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
    });
    if (control) return "'message' must not have control characters";
    return std::nullopt;
}

}  // namespace

std::expected<DeploymentRequest, std::string> deployment_request_of(const json::object& request) {
    DeploymentRequest wanted;
    const auto given = [&](std::string_view name) {
        const auto* value = request.if_contains(name);
        return value != nullptr && !value->is_null() ? value : nullptr;
    };
    if (const auto* files = given("files")) {
        auto read = files_of(*files);
        if (!read) return std::unexpected(read.error());
        wanted.files = *std::move(read);
    }
    if (const auto* message = given("message")) {
        if (!message->is_string()) return std::unexpected("'message' must be a string");
        wanted.message = message->get_string();
        if (auto problem = wrong_message(wanted.message)) return std::unexpected(*problem);
    }
    if (const auto* force = given("force")) {
        if (!force->is_bool()) return std::unexpected("'force' must be true or false");
        wanted.forced = force->get_bool();
    }
    if (const auto* targets = given("targets")) {
        if (!targets->is_string()) return std::unexpected("'targets' must be a string");
        wanted.expression = targets->get_string();
    }
    if (const auto* revert = given("revert")) {
        if (!revert->is_string()) return std::unexpected("'revert' must be a deployment's id");
        wanted.revert = revert->get_string();
        if (!wanted.files.empty()) {
            return std::unexpected("'revert' brings its own files: leave 'files' out");
        }
    }
    return wanted;
}

std::string to_text(const std::vector<FileChange>& changes) {
    json::array list;
    for (const auto& [path, content] : changes) {
        list.push_back(json::array{
            path, content ? json::value(crypto::to_base64(*content)) : json::value(nullptr)});
    }
    return json::serialize(list);
}

std::optional<std::vector<FileChange>> changes_of_text(const std::string& text) {
    boost::system::error_code failed;
    const auto value = json::parse(text, failed);
    if (failed || !value.is_array()) return std::nullopt;
    std::vector<FileChange> changes;
    for (const auto& each : value.get_array()) {
        const auto* pair = each.if_array();
        if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string()) return std::nullopt;
        FileChange change{std::string((*pair)[0].get_string()), std::nullopt};
        if (const auto* content = (*pair)[1].if_string()) {
            auto bytes = crypto::from_base64(std::string_view(*content));
            if (!bytes) return std::nullopt;
            change.content = *std::move(bytes);
        }
        changes.push_back(std::move(change));
    }
    return changes;
}

}  // namespace cockpit::deployments
