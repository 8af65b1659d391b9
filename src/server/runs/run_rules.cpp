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

std::string Amount::text() const {
    return std::to_string(value) + (per_cent ? "%" : "");
}

std::size_t Amount::of(std::size_t hosts) const {
    const auto number = static_cast<std::size_t>(std::max(value, 0));
    return per_cent ? hosts * number / 100 : number;
}

namespace {

template <typename State>
struct Word {
    State state;
    std::string_view text;
};
constexpr Word<RunState> run_words[] = {
    {RunState::running, "running"},
    {RunState::paused, "paused"},
    {RunState::succeeded, "succeeded"},
    {RunState::finished_with_failures, "finished_with_failures"},
    {RunState::failed, "failed"},
    {RunState::cancelled, "cancelled"},
};
constexpr Word<HostState> host_words[] = {
    {HostState::waiting, "waiting"}, {HostState::sending, "sending"}, {HostState::sent, "sent"},
    {HostState::ended, "ended"},     {HostState::skipped, "skipped"},
};

template <typename State, std::size_t N>
std::string_view word_of(const Word<State> (&words)[N], State state) {
    const auto found = std::ranges::find(words, state, &Word<State>::state);
    return found == std::end(words) ? std::string_view("unknown") : found->text;
}

template <typename State, std::size_t N>
std::optional<State> state_of(const Word<State> (&words)[N], std::string_view text) {
    const auto found = std::ranges::find(words, text, &Word<State>::text);
    if (found == std::end(words)) return std::nullopt;
    return found->state;
}

}  // namespace

std::string_view to_text(RunState state) {
    return word_of(run_words, state);
}
std::optional<RunState> parse_run_state(std::string_view text) {
    return state_of(run_words, text);
}
std::string_view to_text(HostState state) {
    return word_of(host_words, state);
}
std::optional<HostState> parse_host_state(std::string_view text) {
    return state_of(host_words, text);
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

namespace {
std::size_t canaries_of(const Limits& limits, std::size_t all) {
    const auto canary = limits.canary.value_or(all > 1 ? 1 : 0);
    return std::min(all, static_cast<std::size_t>(std::max(canary, 0)));
}
}  // namespace

RunRules::RunRules(Limits limits, std::vector<std::string> agent_ids) : limits_(limits) {
    const auto all = agent_ids.size();
    canary_ = canaries_of(limits_, all);
    const auto width = std::max<std::size_t>(1, limits_.concurrency.of(all));
    for (std::size_t i = 0; i < all; ++i) {
        const auto wave = i < canary_ ? 0 : (i - canary_) / width + (canary_ > 0 ? 1 : 0);
        hosts_.push_back({.agent_id = std::move(agent_ids[i]), .wave = wave});
    }
    settle(0);
}

RunRules::RunRules(Limits limits, RunProgress progress, std::vector<RunHost> hosts)
    : limits_(limits),
      canary_(canaries_of(limits, hosts.size())),
      hosts_(std::move(hosts)),
      progress_(std::move(progress)) {}

Work RunRules::work(std::int64_t now_ms) const {
    Work work;
    if (is_final(progress_.state)) return work;
    const bool may_claim = progress_.state == RunState::running && !progress_.stopping_as;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        const auto& host = hosts_[i];
        if (host.state == HostState::sending) work.submit.push_back(i);
        if (host.state == HostState::sent && progress_.stopping_as == RunState::cancelled)
            work.cancel.push_back(i);
        if (host.state != HostState::waiting || host.wave != progress_.wave || !may_claim) continue;
        if (now_ms >= progress_.wave_from_ms)
            work.claim.push_back(i);
        else
            work.look_again_ms = progress_.wave_from_ms;
    }
    return work;
}

void RunRules::become(std::size_t host, HostState state) {
    hosts_[host].state = state;
    changed_.push_back(host);
}

std::vector<std::size_t> RunRules::take_changed() {
    return std::exchange(changed_, {});
}

void RunRules::sending(std::size_t host) {
    if (host >= hosts_.size() || hosts_[host].state != HostState::waiting) return;
    become(host, HostState::sending);
}

void RunRules::sent(std::size_t host, std::string command_id) {
    if (host >= hosts_.size() || hosts_[host].state != HostState::sending) return;
    become(host, HostState::sent);
    hosts_[host].command_id = std::move(command_id);
}

void RunRules::ended(std::size_t host, CommandState outcome, std::int64_t now_ms) {
    if (host >= hosts_.size() || hosts_[host].state != HostState::sent) return;
    if (!protocol::is_final(outcome)) return;
    become(host, HostState::ended);
    hosts_[host].outcome = outcome;
    settle(now_ms);
}

void RunRules::skipped(std::size_t host, std::string why, std::int64_t now_ms) {
    if (host >= hosts_.size()) return;
    auto& it = hosts_[host];
    if (it.state != HostState::waiting && it.state != HostState::sending) return;
    become(host, HostState::skipped);
    it.why = std::move(why);
    settle(now_ms);
}

void RunRules::pause(std::string why) {
    if (progress_.state != RunState::running || progress_.stopping_as) return;
    progress_.state = RunState::paused;
    progress_.why = std::move(why);
}

void RunRules::resume() {
    if (progress_.state != RunState::paused) return;
    progress_.state = RunState::running;
    progress_.why.clear();
}

void RunRules::cancel(std::string why, std::int64_t now_ms) {
    if (is_final(progress_.state)) return;
    stop(RunState::cancelled, std::move(why));
    settle(now_ms);
}

void RunRules::stop(RunState as, std::string why) {
    progress_.stopping_as = as;
    progress_.state = RunState::running;
    progress_.why = std::move(why);
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        if (hosts_[i].state != HostState::waiting) continue;
        become(i, HostState::skipped);
        hosts_[i].why = progress_.why;
    }
}

bool RunRules::wave_is_over() const {
    return std::ranges::all_of(hosts_, [this](const RunHost& host) {
        return host.wave != progress_.wave || is_done(host);
    });
}

void RunRules::settle(std::int64_t now_ms) {
    const auto failures = static_cast<std::size_t>(std::ranges::count_if(hosts_, has_failed));
    const auto most = limits_.max_failures.of(hosts_.size());
    const auto canaries = std::span(hosts_).first(canary_);
    if (!progress_.stopping_as && std::ranges::any_of(canaries, has_failed)) {
        stop(RunState::failed, "a canary host failed");
    } else if (!progress_.stopping_as && failures > most) {
        stop(RunState::failed, std::to_string(failures) + " hosts failed, and max_failures is " +
                                   std::to_string(most));
    }
    if (std::ranges::all_of(hosts_, is_done)) {
        // A stop that came when nothing was left to stop is told all the same: it was asked for.
        progress_.state = progress_.stopping_as ? *progress_.stopping_as
                          : std::ranges::all_of(hosts_, has_succeeded)
                              ? RunState::succeeded
                              : RunState::finished_with_failures;
        return;
    }
    if (progress_.stopping_as || !wave_is_over()) return;
    const bool canary_is_over = progress_.wave == 0 && canary_ > 0;
    while (wave_is_over())
        ++progress_.wave;
    progress_.wave_from_ms = now_ms + limits_.pause_ms;
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
