// The part of the output sender that answers a server that asks for bytes.
#include "agent/executor/output_sender.hpp"
#include "crypto/encoding.hpp"
#include "log/log.hpp"

namespace cockpit::executor {
namespace {

std::string range_text(std::int64_t from, std::int64_t until) {
    return std::to_string(from) + " to " + std::to_string(until);
}

/// Why there is no byte of what was asked for.
std::string obstacle(const protocol::Fetch& fetch, const OutputPart& part) {
    if (fetch.offset >= part.total) {
        return "there is nothing at offset " + std::to_string(fetch.offset) +
               ": the command wrote " + std::to_string(part.total) + " bytes";
    }
    auto sentence =
        "the bytes " + range_text(fetch.offset, fetch.offset + fetch.length) + " are gone";
    if (part.kept_from < part.total && part.kept_head > 0) {
        return sentence + ": this host keeps " + range_text(0, part.kept_head) + " and " +
               range_text(part.kept_from, part.total) + " of them (OUTPUT_SPOOL_LIMIT)";
    }
    if (part.kept_from < part.total) {
        return sentence + ": this host keeps " + range_text(part.kept_from, part.total) +
               " (OUTPUT_SPOOL_LIMIT)";
    }
    if (part.kept_head > 0) {
        return sentence + ": this host keeps " + range_text(0, part.kept_head) +
               "; what follows could not be written to its disk";
    }
    return sentence + ": this host keeps none of them, since it crashed or its disk was full";
}

}  // namespace

void OutputSender::fetch(const protocol::Fetch& fetch) {
    if (fetching_ >= settings_.fetches_at_once) {
        log::debug("a request for output is dropped: too many are being answered",
                   {{"command_id", fetch.attempt.command.text()}});
        return;
    }
    ++fetching_;
    source_.read(fetch.attempt, {.from = fetch.offset, .at_most = fetch.length},
                 [self = std::weak_ptr(self_), fetch](OutputSource::Read read) {
                     const auto alive = self.lock();
                     if (!alive) return;
                     auto& sender = **alive;
                     --sender.fetching_;
                     protocol::Output answer{.agent = sender.agent_,
                                             .attempt = fetch.attempt,
                                             .offset = fetch.offset,
                                             .at_ms = sender.clock_.wall_ms(),
                                             .fetch_id = fetch.fetch_id};
                     const auto end = fetch.offset + fetch.length;
                     if (!read) {
                         answer.problem = read.error();
                     } else if (fetch.length > 0 && (read->bytes.empty() || read->offset >= end)) {
                         answer.problem = obstacle(fetch, *read);
                     } else {
                         answer.offset = read->offset;
                         answer.missing_before = read->offset - fetch.offset;
                         read->bytes.resize(std::min<std::size_t>(
                             read->bytes.size(), static_cast<std::size_t>(end - read->offset)));
                         answer.data = crypto::to_base64(read->bytes);
                     }
                     sender.reports_.report(answer);
                 });
}

}  // namespace cockpit::executor
