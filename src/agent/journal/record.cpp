#include "agent/journal/record.hpp"

#include <boost/json.hpp>

namespace cockpit::journal {
namespace json = boost::json;
using namespace executor;
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};

// A body of the protocol keeps its own encoding, as text inside of ours: one place knows its
// fields.
json::object with_body(std::string_view kind, std::string body) {
    return {{"record", kind}, {"body", std::move(body)}};
}

json::object with_attempt(std::string_view kind, const protocol::AttemptId& attempt) {
    return {{"record", kind}, {"command_id", attempt.command.text()}, {"attempt", attempt.attempt}};
}

json::object to_object(const JournalRecord& record) {
    return std::visit(
        Overloaded{
            [](const AcceptedRecord& r) { return with_body("accepted", protocol::encode(r.run)); },
            [](const StartedRecord& r) {
                auto object = with_attempt("started", r.attempt);
                object["at_ms"] = r.at_ms;
                object["boot_id"] = r.boot_id;
                if (r.process) {
                    object["pid"] = r.process->pid;
                    object["start_time"] = r.process->start_time;
                }
                return object;
            },
            [](const FinishedRecord& r) {
                auto object = with_body("finished", protocol::encode(r.finished));
                object["expires_at_ms"] = r.expires_at_ms;
                return object;
            },
            [](const RefusedRecord& r) {
                auto object = with_body("refused", protocol::encode(r.refused));
                object["expires_at_ms"] = r.expires_at_ms;
                return object;
            },
            [](const AcknowledgedRecord& r) {
                auto object = with_attempt("acknowledged", r.attempt);
                object["expires_at_ms"] = r.expires_at_ms;
                return object;
            },
            [](const HorizonRecord& r) {
                return json::object{{"record", "horizon"},
                                    {"forgotten_until_ms", r.forgotten_until_ms},
                                    {"issued_after_ms", r.issued_after_ms}};
            }},
        record);
}

std::string text(const json::object& object, std::string_view name) {
    return json::value_to<std::string>(object.at(name));
}
std::int64_t integer(const json::object& object, std::string_view name) {
    return object.at(name).to_number<std::int64_t>();
}
template <typename T>
T value_or_throw(std::expected<T, std::string> result) {
    if (!result) throw std::invalid_argument(result.error());
    return *std::move(result);
}
protocol::AttemptId attempt_of(const json::object& object) {
    return {value_or_throw(protocol::CommandId::parse(text(object, "command_id"))),
            object.at("attempt").to_number<int>()};
}

JournalRecord read(const json::object& object) {
    const auto kind = text(object, "record");
    if (kind == "accepted") {
        return AcceptedRecord{value_or_throw(protocol::decode_run(text(object, "body")))};
    }
    if (kind == "started") {
        StartedRecord started{attempt_of(object), integer(object, "at_ms"),
                              text(object, "boot_id")};
        // Commands without a process have none, nor had any in journals of earlier versions.
        if (object.contains("pid")) {
            started.process = ProcessMark{integer(object, "pid"),
                                          object.at("start_time").to_number<std::uint64_t>()};
        }
        return started;
    }
    if (kind == "finished") {
        return FinishedRecord{value_or_throw(protocol::decode_finished(text(object, "body"))),
                              integer(object, "expires_at_ms")};
    }
    if (kind == "refused") {
        return RefusedRecord{value_or_throw(protocol::decode_refused(text(object, "body"))),
                             integer(object, "expires_at_ms")};
    }
    if (kind == "acknowledged") {
        return AcknowledgedRecord{attempt_of(object), integer(object, "expires_at_ms")};
    }
    if (kind == "horizon") {
        return HorizonRecord{integer(object, "forgotten_until_ms"),
                             integer(object, "issued_after_ms")};
    }
    throw std::invalid_argument("unknown record kind '" + kind + "'");
}

}  // namespace

std::string encode(const JournalRecord& record) {
    return json::serialize(to_object(record));
}

std::expected<JournalRecord, std::string> decode_record(std::string_view payload) {
    try {
        return read(json::parse(payload).as_object());
    } catch (const std::exception& wrong) {
        return std::unexpected(std::string("not a journal record: ") + wrong.what());
    }
}

std::size_t Fold::place_of(const protocol::AttemptId& attempt) {
    const auto [place, is_new] = places_.try_emplace(attempt, contents_.attempts.size());
    if (is_new) contents_.attempts.push_back({.attempt = attempt});
    return place->second;
}

void Fold::add(JournalRecord record) {
    const auto at = [&](const protocol::AttemptId& attempt) -> JournaledAttempt& {
        return contents_.attempts[place_of(attempt)];
    };
    const auto end = [&](JournaledAttempt& attempt, std::int64_t expires_at_ms) {
        attempt.expires_at_ms = std::max(attempt.expires_at_ms, expires_at_ms);
        attempt.run.reset();
        attempt.started.reset();
    };
    std::visit(Overloaded{[&](AcceptedRecord& r) {
                              auto& attempt = at(r.run.attempt);
                              attempt.expires_at_ms = r.run.expires_at_ms;
                              attempt.run = std::move(r.run);
                          },
                          [&](StartedRecord& r) { at(r.attempt).started = r; },
                          [&](FinishedRecord& r) {
                              auto& attempt = at(r.finished.attempt);
                              end(attempt, r.expires_at_ms);
                              attempt.finished = std::move(r.finished);
                          },
                          [&](RefusedRecord& r) {
                              auto& attempt = at(r.refused.attempt);
                              end(attempt, r.expires_at_ms);
                              attempt.refused = std::move(r.refused);
                          },
                          [&](AcknowledgedRecord& r) {
                              auto& attempt = at(r.attempt);
                              end(attempt, r.expires_at_ms);
                              attempt.finished.reset();
                              attempt.refused.reset();
                              attempt.acknowledged = true;
                          },
                          [&](HorizonRecord& r) {
                              contents_.forgotten_until_ms =
                                  std::max(contents_.forgotten_until_ms, r.forgotten_until_ms);
                              contents_.issued_after_ms =
                                  std::max(contents_.issued_after_ms, r.issued_after_ms);
                          }},
               record);
}

JournalContents Fold::take() {
    return std::move(contents_);
}

void forget_expired(JournalContents& contents, std::int64_t now_ms) {
    std::erase_if(contents.attempts, [&](const JournaledAttempt& attempt) {
        if (!attempt.acknowledged || attempt.expires_at_ms > now_ms) return false;
        contents.forgotten_until_ms = std::max(contents.forgotten_until_ms, attempt.expires_at_ms);
        return true;
    });
}

std::vector<JournalRecord> to_records(const JournalContents& contents) {
    std::vector<JournalRecord> records;
    if (contents.forgotten_until_ms != 0 || contents.issued_after_ms != 0) {
        records.push_back(HorizonRecord{contents.forgotten_until_ms, contents.issued_after_ms});
    }
    for (const auto& attempt : contents.attempts) {
        if (attempt.acknowledged) {
            records.push_back(AcknowledgedRecord{attempt.attempt, attempt.expires_at_ms});
        } else if (attempt.finished) {
            records.push_back(FinishedRecord{*attempt.finished, attempt.expires_at_ms});
        } else if (attempt.refused) {
            records.push_back(RefusedRecord{*attempt.refused, attempt.expires_at_ms});
        } else {
            if (attempt.run) records.push_back(AcceptedRecord{*attempt.run});
            if (attempt.started) records.push_back(*attempt.started);
        }
    }
    return records;
}

}  // namespace cockpit::journal
