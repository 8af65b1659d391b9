#include "agent/app/output_files.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "agent/spool/layout.hpp"
#include "agent/spool/reader.hpp"
#include "log/log.hpp"

namespace cockpit::agent_app {
namespace {

using Read = executor::OutputSource::Read;

std::int64_t written_at_ms(const std::filesystem::path& directory) {
    struct stat status{};
    if (::stat((directory / "length").c_str(), &status) != 0 &&
        ::stat(directory.c_str(), &status) != 0) {
        return 0;
    }
    return std::int64_t{status.st_mtim.tv_sec} * 1000 + status.st_mtim.tv_nsec / 1'000'000;
}

std::optional<std::int64_t> saved_offset(const std::filesystem::path& directory) {
    const auto text = spool::read_file(directory / "sent");
    if (!text) return std::nullopt;
    std::int64_t offset = 0;
    const auto end = text->data() + text->size();
    const auto [stop, failed] = std::from_chars(text->data(), end, offset);
    if (failed != std::errc() || stop == end || *stop != '\n' || offset < 0) return 0;
    return offset;
}

Read read_spool(const std::filesystem::path& directory, const std::string& boot_id,
                const executor::OutputWish& wish) {
    std::error_code failed;
    if (!std::filesystem::exists(directory, failed)) {
        return std::unexpected(
            "this host keeps no output of this attempt: it has been removed (OUTPUT_KEEP, "
            "OUTPUT_KEEP_TOTAL, OUTPUT_KEEP_FREE), the command prints nothing but its result, or "
            "it "
            "never ran here");
    }
    const auto reader = spool::Reader::open(directory, boot_id);
    if (!reader) return std::unexpected(reader.error());
    const auto extent = reader->extent();
    if (!extent) return std::unexpected(extent.error());
    const auto from =
        static_cast<std::uint64_t>(first_wanted(wish, static_cast<std::int64_t>(extent->total)));
    auto piece = reader->read(from, static_cast<std::size_t>(wish.at_most));
    if (!piece) return std::unexpected(piece.error());
    // The total is older than the bytes: what came in between is no more than a later read finds.
    const auto total = std::max(extent->total, piece->end());
    const auto& limits = reader->limits();
    const auto head =
        extent->next_kept(limits, 0) == 0 && extent->total > 0 ? extent->kept_until(limits, 0) : 0;
    return executor::OutputPart{
        .offset = static_cast<std::int64_t>(piece->offset),
        .bytes = std::move(piece->bytes),
        .total = static_cast<std::int64_t>(total),
        .kept_head = static_cast<std::int64_t>(head),
        .kept_from = static_cast<std::int64_t>(extent->next_kept(limits, head)),
    };
}

std::optional<spool::Room> room_at(const std::filesystem::path& directory) {
    std::error_code failed;
    const auto space = std::filesystem::space(directory, failed);
    if (failed) return std::nullopt;
    return spool::Room{.capacity = space.capacity, .free = space.available};
}

struct Discarded {
    std::size_t spools = 0;
    std::string error;
};

Discarded discard(const std::filesystem::path& root, const std::set<protocol::AttemptId>& busy,
                  const spool::Keeping& keeping, std::int64_t now_ms) {
    std::vector<spool::Held> held;
    for (auto& attempt : spool::attempts_in(root)) {
        const auto directory = spool::directory_of(root, attempt);
        const bool is_busy = busy.contains(attempt);
        held.push_back({std::move(attempt), written_at_ms(directory),
                        spool::size_on_disk(directory), is_busy});
    }
    Discarded result;
    for (const auto& attempt : spool::to_discard(std::move(held), keeping, now_ms, room_at(root))) {
        if (auto removed = spool::remove(root, attempt); !removed) {
            result.error = removed.error();
        } else {
            ++result.spools;
        }
    }
    return result;
}

}  // namespace

OutputFiles::OutputFiles(boost::asio::any_io_executor io, runtime::BlockingPool& pool,
                         const runtime::Clock& clock, std::filesystem::path root,
                         std::string boot_id, spool::Keeping keeping)
    : pool_(pool),
      clock_(clock),
      root_(std::move(root)),
      boot_id_(std::move(boot_id)),
      keeping_(keeping),
      watch_(std::move(io), [this](const protocol::AttemptId& attempt) {
          if (grown_) grown_(attempt);
      }) {}

std::vector<executor::KeptOutput> OutputFiles::kept() {
    std::vector<executor::KeptOutput> found;
    for (auto& attempt : spool::attempts_in(root_)) {
        const auto directory = spool::directory_of(root_, attempt);
        const auto reader = spool::Reader::open(directory, boot_id_);
        if (!reader) continue;  // prepared, and its command never started
        found.push_back({.attempt = std::move(attempt),
                         .acknowledged = saved_offset(directory),
                         .total = static_cast<std::int64_t>(reader->total()),
                         .written_at_ms = written_at_ms(directory)});
    }
    return found;
}

void OutputFiles::read(const protocol::AttemptId& attempt, const executor::OutputWish& wish,
                       runtime::Callback<Read> done) {
    auto directory = spool::directory_of(root_, attempt);
    // Before the read, so that nothing is written between the two unseen.
    if (wish.watch) watch_.watch(attempt, directory / "length");
    pool_.run([directory = std::move(directory), boot_id = boot_id_,
               wish] { return read_spool(directory, boot_id, wish); },
              std::move(done));
}

void OutputFiles::save_acknowledged(const protocol::AttemptId& attempt, std::int64_t offset) {
    pool_.run(
        [file = spool::directory_of(root_, attempt) / "sent", offset] {
            std::error_code failed;
            if (!std::filesystem::exists(file.parent_path(), failed)) return spool::OnDisk<void>();
            return spool::replace_file(file, std::to_string(offset) + "\n");
        },
        [](const spool::OnDisk<void>& saved) {
            if (!saved) {
                log::warning("how far the server has an output cannot be saved",
                             {{"error", saved.error()}});
            }
        });
}

void OutputFiles::discard_old(std::set<protocol::AttemptId> busy) {
    pool_.run([root = root_, busy = std::move(busy), keeping = keeping_,
               now = clock_.wall_ms()] { return discard(root, busy, keeping, now); },
              [](const Discarded& discarded) {
                  if (discarded.spools > 0) {
                      log::info(
                          "outputs were removed, as OUTPUT_KEEP, OUTPUT_KEEP_TOTAL and "
                          "OUTPUT_KEEP_FREE say",
                          {{"commands", static_cast<std::int64_t>(discarded.spools)}});
                  }
                  if (!discarded.error.empty()) {
                      log::error("an output could not be removed", {{"error", discarded.error}});
                  }
              });
}

}  // namespace cockpit::agent_app
