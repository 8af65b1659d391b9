#include "agent/executor/output_sender.hpp"

#include <algorithm>
#include <utility>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "log/log.hpp"

namespace cockpit::executor {
namespace {

constexpr std::int64_t discard_soon_ms = 1'000;

// Databases hold no NUL in text.
bool holds_all_of_it(const protocol::Finished& result) {
    return result.output.find('\0') == std::string::npos &&
           result.output_bytes == static_cast<std::int64_t>(result.output.size()) &&
           result.output_sha256 == crypto::to_hex(crypto::sha256(result.output));
}

}  // namespace

std::int64_t first_wanted(const OutputWish& wish, std::int64_t total) {
    if (wish.from < wish.head) return wish.from;
    return std::max(wish.from, total > wish.tail ? total - wish.tail : 0);
}

OutputSender::OutputSender(OutputSettings settings, protocol::AgentId agent, OutputSource& source,
                           Reports& reports, const runtime::Clock& clock)
    : settings_(settings),
      agent_(std::move(agent)),
      source_(source),
      reports_(reports),
      clock_(clock),
      discard_at_ms_(clock.steady_ms() + discard_soon_ms),
      self_(std::make_shared<OutputSender*>(this)) {
    source_.on_growth([this](const protocol::AttemptId& attempt) {
        const auto place = streams_.find(attempt);
        if (place == streams_.end()) return;
        place->second.may_have_more = place->second.grew_while_reading = true;
        look_at(attempt);
        changed();
    });
    for (const auto& kept : source_.kept()) {
        auto& stream = stream_of(kept.attempt);
        stream.begun = kept.acknowledged.has_value();
        stream.acknowledged = stream.next = stream.saved = kept.acknowledged.value_or(0);
        stream.ended_at_ms = kept.written_at_ms;
        stream.total = kept.total;
    }
}

OutputSender::Stream& OutputSender::stream_of(const protocol::AttemptId& attempt) {
    auto [place, is_new] = streams_.try_emplace(attempt);
    if (is_new) {
        place->second.epoch = ++epochs_;
        place->second.resend_pause_ms = settings_.resend_first_ms;
    }
    return place->second;
}

void OutputSender::started(const protocol::AttemptId& attempt) {
    auto& stream = stream_of(attempt);
    if (stream.phase == Phase::running) return;
    stream.phase = Phase::running;
    stream.not_before_ms = clock_.steady_ms() + settings_.first_after_ms;
}

void OutputSender::ended(const protocol::Finished& result) {
    auto place = streams_.find(result.attempt);
    if (place == streams_.end()) {
        // It ran before anybody could say so, or is not one of those that print.
        if (!result.output_bytes || holds_all_of_it(result)) return;
        stream_of(result.attempt);
        place = streams_.find(result.attempt);
    }
    auto& stream = place->second;
    if (!stream.begun && holds_all_of_it(result)) {
        stream.acknowledged = *result.output_bytes;
        save(result.attempt, stream);
        return leave(place);
    }
    stream.ended_at_ms = result.at_ms;
    end(result.attempt, stream);
}

void OutputSender::end(const protocol::AttemptId& attempt, Stream& stream) {
    stream.phase = Phase::ended;
    stream.total_is_final = false;
    stream.may_have_more = true;
    stream.not_before_ms = 0;
    look_at(attempt);
}

void OutputSender::restored(const std::function<bool(const protocol::AttemptId&)>& runs) {
    std::vector<protocol::AttemptId> left;
    for (const auto& [attempt, stream] : streams_) {
        if (stream.phase == Phase::kept) left.push_back(attempt);
    }
    for (const auto& attempt : left) {
        if (runs(attempt)) {
            started(attempt);
            continue;
        }
        auto& stream = streams_.at(attempt);
        // What the server has whole needs no look at the disk: it may be thousands.
        stream.total_is_final = stream.acknowledged >= stream.total;
        stream.phase = Phase::ended;
        if (!leave_if_done(attempt)) end(attempt, stream);
    }
    changed();
}

void OutputSender::acknowledged(const protocol::AttemptId& attempt, std::int64_t next) {
    const auto place = streams_.find(attempt);
    if (place == streams_.end()) return;
    auto& stream = place->second;
    // Beyond what there is: no server of ours says that.
    if (!stream.total || next > *stream.total || next <= stream.acknowledged) return;
    const auto now = clock_.steady_ms();
    stream.acknowledged = next;
    while (!stream.under_way.empty() && stream.under_way.front().end <= next) {
        stream.bytes_under_way -= stream.under_way.front().bytes;
        bytes_under_way_ -= stream.under_way.front().bytes;
        stream.under_way.pop_front();
    }
    if (stream.next < next) {
        rewind(stream);  // to there: pieces of before a resend have arrived after all
    }
    stream.probing = false;
    stream.resend_pause_ms = settings_.resend_first_ms;
    stream.resend_at_ms = now + stream.resend_pause_ms;
    if (stream.save_at_ms <= now) save(attempt, stream);
    leave_if_done(attempt);
    look_at_all();
    changed();
}

void OutputSender::on_link_up() {
    for (auto& [attempt, stream] : streams_) {
        if (stream.phase == Phase::kept) continue;
        stream.probing = false;
        stream.resend_pause_ms = settings_.resend_first_ms;
        rewind(stream);
    }
    look_at_all();
}

// From the last acknowledged offset on.
void OutputSender::rewind(Stream& stream) {
    stream.next = stream.acknowledged;
    stream.epoch = ++epochs_;
    stream.may_have_more = true;
    bytes_under_way_ -= std::exchange(stream.bytes_under_way, 0);
    stream.under_way.clear();
}

std::int64_t OutputSender::due_ms(const Stream& stream) const {
    auto due = stream.not_before_ms;
    if (stream.phase == Phase::ended || !stream.sent_at_ms) return due;
    const bool full_piece = stream.total && *stream.total - stream.next >= settings_.piece;
    if (full_piece && stream.next < settings_.limit / 2) return due;
    return std::max(due, *stream.sent_at_ms + settings_.company_ms);
}

bool OutputSender::has_room(const Stream& stream) const {
    if (stream.probing) return stream.under_way.empty();
    return stream.bytes_under_way + settings_.piece <= settings_.window &&
           bytes_under_way_ + settings_.piece <= settings_.window_of_all;
}

bool OutputSender::wants_read(const Stream& stream) const {
    return stream.phase != Phase::kept && !stream.reading && stream.may_have_more &&
           has_room(stream);
}

void OutputSender::look_at_all() {
    // Beginning after the one that was served last, so that all have their turn at the window.
    std::vector<protocol::AttemptId> order;
    auto begin = served_last_ ? streams_.upper_bound(*served_last_) : streams_.begin();
    for (auto at = begin; at != streams_.end(); ++at)
        order.push_back(at->first);
    for (auto at = streams_.begin(); at != begin; ++at)
        order.push_back(at->first);
    for (const auto& attempt : order)
        look_at(attempt);
}

void OutputSender::look_at(const protocol::AttemptId& attempt) {
    const auto place = streams_.find(attempt);
    if (place == streams_.end()) return;
    auto& stream = place->second;
    if (!wants_read(stream) || due_ms(stream) > clock_.steady_ms()) return;
    stream.reading = true;
    stream.grew_while_reading = false;
    bytes_under_way_ += settings_.piece;
    served_last_ = attempt;
    const auto head = settings_.limit / 2;
    const OutputWish wish{
        .from = stream.next,
        .at_most = std::min(stream.probing ? settings_.probe : settings_.piece,
                            stream.next < head ? head - stream.next : settings_.piece),
        .head = head,
        .tail = settings_.limit - settings_.limit / 2,
        .watch = stream.phase == Phase::running,
    };
    source_.read(attempt, wish,
                 [self = std::weak_ptr(self_), attempt, epoch = stream.epoch,
                  after_end = stream.phase == Phase::ended](OutputSource::Read read) {
                     const auto alive = self.lock();
                     if (alive) (*alive)->on_read(attempt, epoch, after_end, std::move(read));
                 });
}

void OutputSender::on_read(const protocol::AttemptId& attempt, std::uint64_t epoch, bool after_end,
                           OutputSource::Read read) {
    bytes_under_way_ -= settings_.piece;
    const auto place = streams_.find(attempt);
    if (place == streams_.end()) return;
    auto& stream = place->second;
    stream.reading = false;
    if (!read) {
        on_failed_read(place, read.error());
        return changed();
    }
    stream.total = read->total;
    stream.total_is_final = after_end;
    if (stream.epoch == epoch) {
        const bool at_end = read->offset + std::ssize(read->bytes) >= read->total;
        if (!read->bytes.empty() || (at_end && read->offset > stream.next)) {
            send(attempt, stream, *read);
        } else if (!at_end) {
            // The command overwrites faster than it is read: a little later there is less to read.
            stream.not_before_ms = clock_.steady_ms() + settings_.company_ms;
        }
        // Growth is told once per read: what came after this one looked must not be forgotten.
        stream.may_have_more = stream.next < read->total || stream.grew_while_reading;
    }
    // Its end came while this was read, so that there may be more than was seen.
    if (stream.phase == Phase::ended && !after_end) stream.may_have_more = true;
    if (!leave_if_done(attempt)) look_at(attempt);
    changed();
}

void OutputSender::on_failed_read(Streams::iterator place, const std::string& why) {
    auto& [attempt, stream] = *place;
    if (stream.phase == Phase::running) {
        // Its writer may not have begun yet, and many commands have none.
        stream.not_before_ms = clock_.steady_ms() + settings_.look_again_ms;
        return;
    }
    if (stream.total) {
        log::error(
            "the output of a command cannot be read and is not sent any further",
            {{"command_id", attempt.command.text()}, {"attempt", attempt.attempt}, {"error", why}});
    }
    leave(place);
}

void OutputSender::send(const protocol::AttemptId& attempt, Stream& stream,
                        const OutputPart& part) {
    const auto now = clock_.steady_ms();
    const auto bytes = std::ssize(part.bytes);
    reports_.report(protocol::Output{.agent = agent_,
                                     .attempt = attempt,
                                     .offset = part.offset,
                                     .data = crypto::to_base64(part.bytes),
                                     .missing_before = part.offset - stream.next,
                                     .at_ms = clock_.wall_ms()});
    if (stream.under_way.empty()) stream.resend_at_ms = now + stream.resend_pause_ms;
    stream.next = part.offset + bytes;
    stream.under_way.push_back({stream.next, bytes});
    stream.bytes_under_way += bytes;
    bytes_under_way_ += bytes;
    stream.sent_at_ms = now;
    // So that an earlier run's pieces are not taken for none.
    if (!std::exchange(stream.begun, true)) save(attempt, stream);
}

void OutputSender::save(const protocol::AttemptId& attempt, Stream& stream) {
    source_.save_acknowledged(attempt, stream.acknowledged);
    stream.saved = stream.acknowledged;
    stream.save_at_ms = clock_.steady_ms() + settings_.save_pause_ms;
}

bool OutputSender::leave_if_done(const protocol::AttemptId& attempt) {
    const auto place = streams_.find(attempt);
    if (place == streams_.end()) return true;
    auto& stream = place->second;
    if (stream.phase != Phase::ended || !stream.total_is_final ||
        stream.acknowledged < stream.total) {
        return false;
    }
    if (stream.saved != stream.acknowledged) save(attempt, stream);
    leave(place);
    return true;
}

void OutputSender::leave(Streams::iterator place) {
    bytes_under_way_ -= place->second.bytes_under_way;
    streams_.erase(place);
    discard_at_ms_ = std::min(discard_at_ms_, clock_.steady_ms() + discard_soon_ms);
}

std::optional<std::int64_t> OutputSender::next_deadline_ms() const {
    auto next = discard_at_ms_;
    for (const auto& [attempt, stream] : streams_) {
        if (wants_read(stream)) next = std::min(next, due_ms(stream));
        if (!stream.under_way.empty()) next = std::min(next, stream.resend_at_ms);
        if (stream.saved != stream.acknowledged) next = std::min(next, stream.save_at_ms);
    }
    return next;
}

void OutputSender::on_time() {
    const auto now = clock_.steady_ms();
    const auto long_ago = clock_.wall_ms() - settings_.give_up_ms;
    for (auto at = streams_.begin(); at != streams_.end();) {
        const auto place = at++;
        auto& [attempt, stream] = *place;
        if (stream.saved != stream.acknowledged && stream.save_at_ms <= now) save(attempt, stream);
        if (!stream.under_way.empty() && stream.resend_at_ms <= now) {
            rewind(stream);
            stream.probing = true;
            stream.resend_pause_ms = std::min(stream.resend_pause_ms * 2, settings_.resend_cap_ms);
        }
        if (stream.phase == Phase::ended && stream.ended_at_ms < long_ago) {
            log::error("the rest of a command's output is given up: the server did not take it",
                       {{"command_id", attempt.command.text()}, {"taken", stream.acknowledged}});
            leave(place);
        }
    }
    look_at_all();
    if (discard_at_ms_ <= now) {
        discard_at_ms_ = now + settings_.discard_pause_ms;
        std::set<protocol::AttemptId> busy;
        for (const auto& [attempt, stream] : streams_)
            busy.insert(attempt);
        source_.discard_old(std::move(busy));
    }
}

}  // namespace cockpit::executor
