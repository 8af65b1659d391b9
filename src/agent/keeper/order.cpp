#include "agent/keeper/order.hpp"

#include <array>
#include <boost/json.hpp>

#include "agent/spool/files.hpp"

namespace cockpit::keeper {
namespace json = boost::json;
namespace {

constexpr std::array<std::string_view, 4> ended_words = {"itself", "time_limit", "request",
                                                         "not_started"};

// Arguments and environments are bytes, not text.
json::object parse(std::string_view text) {
    json::parse_options options;
    options.allow_invalid_utf8 = true;
    return json::parse(text, {}, options).as_object();
}

template <typename T>
T value(const json::object& object, std::string_view name) {
    return json::value_to<T>(object.at(name));
}

template <typename T>
std::optional<T> optional_value(const json::object& object, std::string_view name) {
    const auto* found = object.if_contains(name);
    if (found == nullptr) return std::nullopt;
    return json::value_to<T>(*found);
}

}  // namespace

std::string encode(const Order& order) {
    json::object object{{"arguments", json::value_from(order.arguments)},
                        {"environment", json::value_from(order.environment)},
                        {"directory", order.directory},
                        {"cookie", order.cookie},
                        {"cgroup_required", order.cgroup_required},
                        {"time_limit_ms", order.time_limit_ms},
                        {"grace_ms", order.grace_ms},
                        {"kill_wait_ms", order.kill_wait_ms},
                        {"spool_head", order.spool_head},
                        {"spool_tail", order.spool_tail},
                        {"outlives_agent", order.outlives_agent}};
    if (order.working_directory) object["working_directory"] = *order.working_directory;
    if (order.cgroup) object["cgroup"] = *order.cgroup;
    if (order.user) {
        object["user"] = order.user->uid;
        object["group"] = order.user->gid;
        object["groups"] = json::value_from(order.user->groups);
    }
    return json::serialize(object);
}

std::expected<Order, std::string> decode_order(std::string_view text) {
    try {
        const auto object = parse(text);
        Order order{.arguments = value<std::vector<std::string>>(object, "arguments"),
                    .environment = value<std::map<std::string, std::string>>(object, "environment"),
                    .working_directory = optional_value<std::string>(object, "working_directory"),
                    .user = {},
                    .directory = value<std::string>(object, "directory"),
                    .cookie = value<std::string>(object, "cookie"),
                    .cgroup = optional_value<std::string>(object, "cgroup"),
                    .cgroup_required = value<bool>(object, "cgroup_required"),
                    .time_limit_ms = value<std::int64_t>(object, "time_limit_ms"),
                    .grace_ms = value<std::int64_t>(object, "grace_ms"),
                    .kill_wait_ms = value<std::int64_t>(object, "kill_wait_ms"),
                    .spool_head = value<std::uint64_t>(object, "spool_head"),
                    .spool_tail = value<std::uint64_t>(object, "spool_tail"),
                    .outlives_agent = value<bool>(object, "outlives_agent")};
        if (object.contains("user")) {
            order.user =
                runtime::ChildUser{value<uid_t>(object, "user"), value<gid_t>(object, "group"),
                                   value<std::vector<gid_t>>(object, "groups")};
        }
        return order;
    } catch (const std::exception& wrong) {
        return std::unexpected(std::string("not an order for a keeper: ") + wrong.what());
    }
}

std::expected<void, std::string> write_status(const std::filesystem::path& directory,
                                              const Status& status) {
    json::object object{{"ended_by", ended_words[static_cast<std::size_t>(status.by)]},
                        {"problem", status.problem},
                        {"execution_time_ms", status.execution_time_ms},
                        {"cpu_ms", status.cpu_ms},
                        {"peak_memory_bytes", status.peak_memory_bytes},
                        {"containment", status.containment},
                        {"output_bytes", status.output_bytes},
                        {"output_sha256", status.output_sha256},
                        {"survivors", json::value_from(status.survivors)}};
    if (status.exit_code) object["exit_code"] = *status.exit_code;
    if (status.signal) object["signal"] = *status.signal;
    return spool::replace_file(directory / status_file, json::serialize(object));
}

std::optional<Status> read_status(const std::filesystem::path& directory) {
    const auto text = spool::read_file(directory / status_file);
    if (!text) return std::nullopt;
    try {
        const auto object = parse(*text);
        const auto word = std::ranges::find(ended_words, value<std::string>(object, "ended_by"));
        if (word == ended_words.end()) return std::nullopt;
        return Status{.by = static_cast<EndedBy>(word - ended_words.begin()),
                      .exit_code = optional_value<int>(object, "exit_code"),
                      .signal = optional_value<int>(object, "signal"),
                      .problem = value<std::string>(object, "problem"),
                      .execution_time_ms = value<std::int64_t>(object, "execution_time_ms"),
                      .cpu_ms = value<std::int64_t>(object, "cpu_ms"),
                      .peak_memory_bytes = value<std::int64_t>(object, "peak_memory_bytes"),
                      .containment = value<std::string>(object, "containment"),
                      .output_bytes = value<std::int64_t>(object, "output_bytes"),
                      .output_sha256 = value<std::string>(object, "output_sha256"),
                      .survivors = value<std::vector<std::int64_t>>(object, "survivors")};
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

void clear(const std::filesystem::path& directory) {
    std::error_code ignored;
    std::filesystem::remove(directory / status_file, ignored);
    std::filesystem::remove(directory / cgroup_file, ignored);
}

}  // namespace cockpit::keeper
