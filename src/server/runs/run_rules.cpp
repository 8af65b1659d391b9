#include "server/runs/run_rules.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

namespace cockpit::runs {

using protocol::CommandState;

std::expected<Amount, std::string> Amount::parse(std::string_view text) {
    auto digits = text;
    const bool per_cent = digits.ends_with('%');
    if (per_cent) digits.remove_suffix(1);
    int value = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size() || value < 0 ||
        (per_cent && value > 100)) {
        return std::unexpected("\"" + std::string(text) +
                               "\" is not a number of hosts; right would be 12, or 10%");
    }
    return Amount{value, per_cent};
}

std::size_t Amount::of(std::size_t hosts) const {
    const auto number = static_cast<std::size_t>(std::max(value, 0));
    return per_cent ? hosts * number / 100 : number;
}

std::string_view to_text(RunState state) {
    switch (state) {
        case RunState::running:
            return "running";
        case RunState::paused:
            return "paused";
        case RunState::succeeded:
            return "succeeded";
        case RunState::finished_with_failures:
            return "finished_with_failures";
        case RunState::failed:
            return "failed";
        case RunState::cancelled:
            return "cancelled";
    }
    return "running";
}

bool is_final(RunState state) {
    return state != RunState::running && state != RunState::paused;
}

bool counts_as_failed(CommandState outcome) {
    return outcome == CommandState::error || outcome == CommandState::timeout ||
           outcome == CommandState::interrupted || outcome == CommandState::cancel_failed ||
           outcome == CommandState::refused;
}

namespace {
bool is_done(const RunHost& host) {
    return host.state == HostState::ended || host.state == HostState::skipped;
}
bool has_failed(const RunHost& host) {
    return host.outcome && counts_as_failed(*host.outcome);
}
bool has_succeeded(const RunHost& host) {
    return host.outcome == CommandState::success;
}
}  // namespace

RunRules::RunRules(Limits limits, std::vector<std::string> agent_ids) : limits_(limits) {
    const auto all = agent_ids.size();
    const auto canary = limits_.canary.value_or(all > 1 ? 1 : 0);
    canary_ = std::min(all, static_cast<std::size_t>(std::max(canary, 0)));
    const auto width = std::max<std::size_t>(1, limits_.concurrency.of(all));
    for (std::size_t i = 0; i < all; ++i) {
        const auto wave = i < canary_ ? 0 : (i - canary_) / width + (canary_ > 0 ? 1 : 0);
        hosts_.push_back({.agent_id = std::move(agent_ids[i]), .wave = wave});
    }
    settle(0);
}

Work RunRules::work(std::int64_t now_ms) const {
    Work work;
    if (is_final(state_)) return work;
    const bool may_claim = state_ == RunState::running && !stopping_as_;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        const auto& host = hosts_[i];
        if (host.state == HostState::sending) work.submit.push_back(i);
        if (host.state == HostState::sent && stopping_as_ == RunState::cancelled)
            work.cancel.push_back(i);
        if (host.state != HostState::waiting || host.wave != wave_ || !may_claim) continue;
        if (now_ms >= wave_from_ms_)
            work.claim.push_back(i);
        else
            work.look_again_ms = wave_from_ms_;
    }
    return work;
}

void RunRules::sending(std::size_t host) {
    if (host < hosts_.size() && hosts_[host].state == HostState::waiting)
        hosts_[host].state = HostState::sending;
}

void RunRules::sent(std::size_t host, std::string command_id) {
    if (host >= hosts_.size() || hosts_[host].state != HostState::sending) return;
    hosts_[host].state = HostState::sent;
    hosts_[host].command_id = std::move(command_id);
}

void RunRules::ended(std::size_t host, CommandState outcome, std::int64_t now_ms) {
    if (host >= hosts_.size() || hosts_[host].state != HostState::sent) return;
    if (!protocol::is_final(outcome)) return;
    hosts_[host].state = HostState::ended;
    hosts_[host].outcome = outcome;
    settle(now_ms);
}

void RunRules::skipped(std::size_t host, std::string why, std::int64_t now_ms) {
    if (host >= hosts_.size()) return;
    auto& it = hosts_[host];
    if (it.state != HostState::waiting && it.state != HostState::sending) return;
    it.state = HostState::skipped;
    it.why = std::move(why);
    settle(now_ms);
}

void RunRules::pause(std::string why) {
    if (state_ != RunState::running || stopping_as_) return;
    state_ = RunState::paused;
    why_ = std::move(why);
}

void RunRules::resume() {
    if (state_ != RunState::paused) return;
    state_ = RunState::running;
    why_.clear();
}

void RunRules::cancel(std::string why, std::int64_t now_ms) {
    if (is_final(state_)) return;
    stop(RunState::cancelled, std::move(why));
    settle(now_ms);
}

void RunRules::stop(RunState as, std::string why) {
    stopping_as_ = as;
    state_ = RunState::running;
    why_ = std::move(why);
    for (auto& host : hosts_) {
        if (host.state != HostState::waiting) continue;
        host.state = HostState::skipped;
        host.why = why_;
    }
}

bool RunRules::wave_is_over() const {
    return std::ranges::all_of(
        hosts_, [this](const RunHost& host) { return host.wave != wave_ || is_done(host); });
}

void RunRules::settle(std::int64_t now_ms) {
    const auto failures = static_cast<std::size_t>(std::ranges::count_if(hosts_, has_failed));
    const auto most = limits_.max_failures.of(hosts_.size());
    const auto canaries = std::span(hosts_).first(canary_);
    if (!stopping_as_ && std::ranges::any_of(canaries, has_failed)) {
        stop(RunState::failed, "a canary host failed");
    } else if (!stopping_as_ && failures > most) {
        stop(RunState::failed, std::to_string(failures) + " hosts failed, and max_failures is " +
                                   std::to_string(most));
    }
    if (std::ranges::all_of(hosts_, is_done)) {
        // A stop that came when nothing was left to stop is told all the same: it was asked for.
        state_ = stopping_as_                                 ? *stopping_as_
                 : std::ranges::all_of(hosts_, has_succeeded) ? RunState::succeeded
                                                              : RunState::finished_with_failures;
        return;
    }
    if (stopping_as_ || !wave_is_over()) return;
    const bool canary_is_over = wave_ == 0 && canary_ > 0;
    while (wave_is_over())
        ++wave_;
    wave_from_ms_ = now_ms + limits_.pause_ms;
    if (canary_is_over && std::ranges::none_of(canaries, has_succeeded))
        pause("no canary host succeeded or failed, so nothing is known yet");
}

std::vector<std::string> RunRules::to_rerun() const {
    std::vector<std::string> ids;
    for (const auto& host : hosts_)
        if (!has_succeeded(host)) ids.push_back(host.agent_id);
    return ids;
}

}  // namespace cockpit::runs
