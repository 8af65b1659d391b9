#include "server/api/output_endpoints.hpp"

#include <boost/asio/this_coro.hpp>

#include "server/api/output_bytes.hpp"
#include "server/api/output_events.hpp"
#include "server/api/problems.hpp"

namespace cockpit::api {
namespace asio = boost::asio;
namespace {

using Type = Field::Type;

std::optional<std::string> header_of(const Call& call, const std::string& name) {
    const auto found = call.headers.find(name);
    return found == call.headers.end() ? std::nullopt : std::optional(found->second);
}

http::Response unsatisfiable(std::string_view detail, std::optional<std::int64_t> total) {
    auto response = http::problem(416, detail);
    if (total) {
        response.headers.emplace_back("Content-Range", "bytes */" + std::to_string(*total));
    }
    return response;
}

void describe(http::Response& response, const OutputFacts& facts) {
    response.headers.emplace_back("Accept-Ranges", "bytes");
    if (facts.total) {
        response.headers.emplace_back("X-Output-Bytes", std::to_string(*facts.total));
    }
    if (facts.sha256) response.headers.emplace_back("X-Output-Sha256", *facts.sha256);
}

std::string content_range(std::int64_t begin, std::int64_t end, std::optional<std::int64_t> total) {
    return "bytes " + std::to_string(begin) + "-" + std::to_string(end - 1) + "/" +
           (total ? std::to_string(*total) : "*");
}

}  // namespace

void OutputEndpoints::add_to(Api& api) {
    api.add({.method = "GET",
             .pattern = "/api/cockpit-agent/commands/{command_id}/output",
             .summary = "What a command wrote; with Accept: text/event-stream, live",
             .permission = "cockpit_agents:read",
             .query = {{.name = "attempt",
                        .type = Type::integer,
                        .description = "an earlier attempt; without it the current one",
                        .min = 1,
                        .max = 1'000'000},
                       {.name = "source",
                        .description = "host: from the host's spool, which holds more than is kept "
                                       "here",
                        .max_length = 16},
                       {.name = "from",
                        .description = "as Last-Event-ID, for clients that cannot set headers",
                        .max_length = 64}},
             .headers = {"accept", "range", "last-event-id"},
             .responses = {{200, "the bytes, or the events"},
                           {206, "the range that was asked for"},
                           {404, "no such command or attempt"},
                           {410, "the host does not keep these bytes any more"},
                           {416, "there are no such bytes, or they are not kept here"},
                           {503, "the host is not there, or too many read live"},
                           {504, "the host did not answer"}},
             .handle = [this](Call call) { return output(std::move(call)); }});
}

OutputEndpoints::Answer OutputEndpoints::output(Call call) {
    const auto id = protocol::CommandId::parse(call.path.at("command_id"));
    if (!id) co_return http::problem(400, "'command_id' is wrong: " + id.error());
    const auto source = text_of(call.query, "source").value_or("server");
    if (source != "server" && source != "host") {
        co_return http::problem(400, "'source' is wrong: it must be server or host");
    }
    std::optional<int> attempt;
    if (const auto asked = integer_of(call.query, "attempt")) attempt = static_cast<int>(*asked);
    auto found = co_await find_output(ports_, *id, attempt);
    if (!found) co_return to_problem(found.error());
    if (!*found) {
        co_return http::problem(
            404, "there is no command " + id->text() +
                     (attempt ? " with an attempt " + std::to_string(*attempt) : ""));
    }
    const bool live = header_of(call, "accept").value_or("").contains("text/event-stream");
    if (live) co_return co_await events(std::move(call), **std::move(found));
    if (source == "host") co_return co_await from_host(std::move(call), **std::move(found));
    co_return co_await kept(std::move(call), **std::move(found));
}

OutputEndpoints::Answer OutputEndpoints::events(Call call, OutputFacts facts) {
    const bool one_attempt = integer_of(call.query, "attempt").has_value();
    OutputPosition from{one_attempt ? facts.attempt.attempt : 1, 0};
    auto last_id = header_of(call, "last-event-id");
    if (!last_id) last_id = text_of(call.query, "from");
    if (last_id) {
        auto parsed = parse_event_id(*last_id);
        if (!parsed) co_return http::problem(400, parsed.error());
        from = *parsed;
        // A browser would come again for ever to an attempt that never was.
        const bool wrong = one_attempt ? from.attempt != facts.attempt.attempt
                                       : from.attempt > facts.attempt.attempt;
        if (wrong) {
            co_return http::problem(400, "'" + last_id->substr(0, 100) +
                                             "' is no place in this output: it is of attempt " +
                                             std::to_string(facts.attempt.attempt));
        }
    } else if (!one_attempt) {
        from.attempt = facts.attempt.attempt;
    }
    auto occupied = slots_.take();
    if (!occupied) co_return slots_.none_left();
    co_return http::Response{
        .content_type = "text/event-stream",
        .headers = {{"X-Accel-Buffering", "no"}},  // nginx would hold events back
        .stream = output_events(co_await asio::this_coro::executor, ports_, facts.attempt.command,
                                from, one_attempt, std::move(occupied))};
}

OutputEndpoints::Answer OutputEndpoints::kept(Call call, OutputFacts facts) {
    const auto header = header_of(call, "range");
    const auto range = header ? parse_byte_range(*header) : std::nullopt;
    if (!range) {
        http::Response response{.content_type = "text/plain; charset=utf-8",
                                .stream = kept_output(ports_, facts)};
        describe(response, facts);
        co_return response;
    }
    auto total = facts.total;
    if (!total) {
        const auto read = co_await read_output(ports_, facts.attempt, 0, 1);
        if (!read) co_return to_problem(read.error());
        total = read->end;
        if (*total == 0 && facts.text_is_whole()) total = facts.text.value_or("").size();
    }
    const auto bytes = resolve(*range, *total);
    if (!bytes) {
        co_return unsatisfiable("there are " + std::to_string(*total) +
                                    " bytes of output; none of them is in the range",
                                total);
    }
    auto content = co_await kept_range(ports_, facts, bytes->first, bytes->second);
    if (!content) co_return unsatisfiable(content.error(), total);
    const auto end = bytes->first + static_cast<std::int64_t>(content->size());
    http::Response response{
        .status = 206, .content_type = "application/octet-stream", .body = *std::move(content)};
    describe(response, facts);
    response.headers.emplace_back("Content-Range", content_range(bytes->first, end, total));
    co_return response;
}

OutputEndpoints::Answer OutputEndpoints::from_host(Call call, OutputFacts facts) {
    const auto agent = protocol::AgentId::parse(facts.agent_id);
    const auto view = agent ? ports_.directory.find(*agent, ports_.clock.wall_ms()) : std::nullopt;
    if (!view || view->presence != dispatch::Presence::online) {
        co_return http::problem(503, "agent '" + facts.agent_id + "' is not there to be asked" +
                                         (view ? ": " + view->evidence : std::string()) +
                                         "; without source=host there is what this server keeps");
    }
    const auto header = header_of(call, "range");
    const auto range = header ? parse_byte_range(*header) : std::nullopt;
    std::int64_t begin = 0;
    std::optional<std::int64_t> end;
    if (range && facts.total) {
        const auto bytes = resolve(*range, *facts.total);
        if (!bytes) {
            co_return unsatisfiable("there are " + std::to_string(*facts.total) +
                                        " bytes of output; none of them is in the range",
                                    facts.total);
        }
        begin = bytes->first;
        end = bytes->second;
    } else if (range && !range->first) {
        co_return unsatisfiable("the last bytes are known once the command has ended",
                                std::nullopt);
    } else if (range && range->last) {
        begin = *range->first;
        end = *range->last + 1;
    }
    if (facts.total == 0) co_return http::Response{.content_type = "application/octet-stream"};
    auto first = co_await fetch_output(ports_, facts, begin,
                                       end ? *end - begin : protocol::max_output_bytes);
    if (!first) {
        const bool silent = first.error().starts_with("the host did not answer");
        co_return http::problem(silent ? 504 : 410, first.error());
    }
    if (end && first->offset > begin) {
        co_return http::problem(410, "bytes " + std::to_string(begin) + " to " +
                                         std::to_string(first->offset - 1) +
                                         " are gone: the host does not keep them");
    }
    http::Response response{.status = range && end ? 206 : 200,
                            .content_type = "application/octet-stream"};
    describe(response, facts);
    if (range && end) {
        response.headers.emplace_back("Content-Range", content_range(begin, *end, facts.total));
    }
    response.stream = spooled_output(ports_, std::move(facts), begin, *std::move(first), end);
    co_return response;
}

}  // namespace cockpit::api
