#include "server/notify/notifier.hpp"

#include <algorithm>

#include "log/log.hpp"

namespace cockpit::notify {
namespace json = boost::json;
namespace {

constexpr std::size_t most_unwritten = 10'000;
constexpr std::size_t most_told = 20'000;
constexpr std::int64_t catch_up_ms = 600'000;
constexpr int catch_up_rows = 1'000;
constexpr std::size_t longest_output = 65'536;

// The whole output stays in the command's history.
void shorten(json::object& command) {
    auto& truncated = command["output_truncated"];  // first: it moves the other members
    auto* output = command.if_contains("output");
    const bool cut =
        output != nullptr && output->is_string() && output->get_string().size() > longest_output;
    truncated = cut;
    if (!cut) return;
    auto& text = output->get_string();
    auto end = longest_output;
    while (end > 0 && (text[end] & 0xc0) == 0x80)
        --end;
    text.resize(end);
}

json::value text_or_null(const std::optional<std::string>& text) {
    if (!text) return nullptr;
    return json::string(*text);
}

json::object host_json(const dispatch::AgentView& host) {
    json::object labels;
    for (const auto& [name, value] : host.labels)
        labels[name] = value;
    return {{"agent_id", host.id.text()},
            {"status", dispatch::to_text(host.presence)},
            {"evidence", host.evidence},
            {"hostname", host.hostname},
            {"version", host.version},
            {"labels", std::move(labels)},
            {"os", host.os},
            {"arch", host.arch},
            {"public_key", text_or_null(host.public_key)}};
}

}  // namespace

Notifier::Notifier(RetrySchedule schedule, std::int64_t host_stable_ms, Ports ports)
    : schedule_(schedule), ports_(std::move(ports)), presence_(host_stable_ms) {}

std::vector<Publication::To> Notifier::receivers(const Event& event,
                                                 std::optional<std::int64_t> only_since_ms) {
    std::vector<Publication::To> to;
    for (const auto& target : ports_.targets.list()) {
        if (!wants(target, event)) continue;
        if (only_since_ms && target.changed_at_ms > *only_since_ms) continue;
        to.push_back({.target = target.name, .delivery_id = ports_.new_id()});
    }
    return to;
}

void Notifier::publish(Event event) {
    auto to = receivers(event);
    if (!to.empty()) publish_to(event, std::move(to));
}

Event Notifier::event_of(const dispatch::CommandRecord& record) {
    const std::string outcome(to_text(record.state));
    Event event{.id = "command:" + record.command_id + ":" + outcome,
                .kind = std::string(command_ended),
                .subject = record.command_id,
                .text = record.command + " on " + record.agent_id + " ended: " + outcome,
                .agent = record.agent_id,
                .outcome = outcome,
                .data = {},
                .at_ms = record.completed_at_ms.value_or(0)};
    if (record.error && !record.error->empty())
        event.text += " (" + record.error->substr(0, 300) + ")";
    return event;
}

void Notifier::on_end(const dispatch::CommandRecord& record) {
    auto event = event_of(record);
    if (event.at_ms == 0) event.at_ms = ports_.clock.wall_ms();
    auto to = receivers(event);
    if (to.empty()) return;
    event.data = ports_.command_json(record);
    shorten(event.data);
    publish_to(event, std::move(to));
}

void Notifier::catch_up(dispatch::CommandStore& commands) {
    if (ports_.targets.list().empty()) return;
    const auto since = ports_.clock.wall_ms() - catch_up_ms;
    commands.history({.limit = catch_up_rows}, [this, since](auto page) {
        if (!page) return;
        for (const auto& record : page->records) {
            if (!is_final(record.state) || record.completed_at_ms.value_or(0) < since) continue;
            auto event = event_of(record);
            if (told_.contains(event.id)) continue;
            auto to = receivers(event, record.completed_at_ms);
            if (to.empty()) continue;
            event.data = ports_.command_json(record);
            shorten(event.data);
            publish_to(event, std::move(to));
        }
    });
}

bool Notifier::watches_hosts() const {
    return std::ranges::any_of(ports_.targets.list(), [](const TargetRecord& target) {
        return target.enabled && std::ranges::any_of(target.events, [](const std::string& event) {
                   return event == "*" || event.starts_with(host_changed);
               });
    });
}

void Notifier::on_hosts(const std::vector<dispatch::AgentView>& hosts) {
    for (const auto& host : presence_.look(hosts, ports_.clock.steady_ms())) {
        const auto now = ports_.clock.wall_ms();
        const std::string state(dispatch::to_text(host.presence));
        const Event event{.id = "host:" + host.id.text() + ":" + state + ":" + std::to_string(now),
                          .kind = std::string(host_changed),
                          .subject = host.id.text(),
                          .text = "host " + host.id.text() + " is " + state + ": " + host.evidence,
                          .agent = host.id.text(),
                          .outcome = state,
                          .data = host_json(host),
                          .at_ms = now};
        publish_to(event, receivers(event),
                   Publication::HostChange{.agent_id = host.id.text(), .state = state});
    }
}

void Notifier::publish_to(const Event& event, std::vector<Publication::To> to,
                          std::optional<Publication::HostChange> change) {
    const auto now = ports_.clock.wall_ms();
    remember(event.id);
    write({.event_id = event.id,
           .event = event.kind,
           .subject = event.subject,
           .body = to_body(event),
           .to = std::move(to),
           .now_ms = now,
           .give_up_at_ms = now + schedule_.give_up_ms,
           .host_change = std::move(change)});
}

void Notifier::remember(const std::string& event_id) {
    if (told_.size() >= most_told) told_.clear();
    told_.insert(event_id);
}

void Notifier::write(Publication publication) {
    auto copy = publication;
    ports_.store.publish_event(
        std::move(copy), [this, publication = std::move(publication)](auto added) mutable {
            writing_again_ = false;
            if (added) {
                if (*added > 0) ports_.published();
                return;
            }
            log::error("an event was not written and is kept to be written later",
                       {{"event", publication.event_id}, {"error", added.error().message}});
            unwritten_.push_back(std::move(publication));
            if (unwritten_.size() <= most_unwritten) return;
            log::error("too many events wait for the database: one is lost",
                       {{"event", unwritten_.front().event_id}});
            unwritten_.pop_front();
        });
}

void Notifier::on_tick() {
    if (unwritten_.empty() || writing_again_) return;
    // One tells whether the database is back; the others follow with the next ticks.
    writing_again_ = true;
    auto next = std::move(unwritten_.front());
    unwritten_.pop_front();
    write(std::move(next));
}

}  // namespace cockpit::notify
