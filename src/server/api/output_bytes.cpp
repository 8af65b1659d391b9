#include "server/api/output_bytes.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"

namespace cockpit::api {
namespace asio = boost::asio;
namespace {

constexpr int pieces_at_once = 2;
constexpr std::int64_t longest_range = 16 << 20;
// What a number in JSON can hold exactly; no output is as long.
constexpr std::int64_t largest_offset = (std::int64_t{1} << 53) - 1;

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size() || number < 0) {
        return std::nullopt;
    }
    return std::min(number, largest_offset);
}

class KeptOutput final : public http::BodyStream {
  public:
    KeptOutput(const OutputPorts& ports, OutputFacts facts)
        : ports_(ports), facts_(std::move(facts)) {}

    asio::awaitable<std::optional<std::string>> next() override {
        if (over_) co_return std::nullopt;
        if (at_ == 0 && facts_.text_is_proven()) {
            over_ = true;
            if (facts_.text.value_or("").empty()) co_return std::nullopt;
            co_return facts_.text;
        }
        std::string bytes;
        while (bytes.empty() && !over_) {
            auto read = co_await read_output(ports_, facts_.attempt, at_, pieces_at_once);
            if (!read) throw std::runtime_error(read.error().message);
            for (const auto& piece : read->pieces)
                take(piece, bytes);
            if (read->pieces.empty()) take_end(read->end, bytes);
        }
        if (bytes.empty()) co_return std::nullopt;
        co_return bytes;
    }

  private:
    // A piece without bytes says that those before it are lost: it must not make two holes of one.
    void take(const dispatch::OutputPiece& piece, std::string& bytes) {
        const auto known = std::max<std::int64_t>(0, told_ - piece.offset);
        if (known < static_cast<std::int64_t>(piece.bytes.size())) {
            if (piece.offset > told_) bytes += missing_mark(piece.offset - told_);
            bytes += std::string_view(piece.bytes).substr(static_cast<std::size_t>(known));
            told_ = piece.end();
        }
        at_ = std::max(at_, piece.end());
    }
    void take_end(std::int64_t end, std::string& bytes) {
        over_ = true;
        if (at_ == 0 && end == 0) bytes = facts_.text.value_or("");
        const bool rest_is_missing = at_ > 0 && facts_.total.value_or(told_) > told_;
        if (rest_is_missing) bytes += missing_mark(*facts_.total - told_);
    }

    OutputPorts ports_;
    OutputFacts facts_;
    std::int64_t at_ = 0;    ///< read up to here
    std::int64_t told_ = 0;  ///< given out up to here
    bool over_ = false;
};

class SpooledOutput final : public http::BodyStream {
  public:
    SpooledOutput(const OutputPorts& ports, OutputFacts facts, std::int64_t begin,
                  dispatch::OutputPiece first, std::optional<std::int64_t> end)
        : ports_(ports),
          facts_(std::move(facts)),
          at_(begin),
          answer_(std::move(first)),
          range_end_(end),
          end_(end ? end : facts_.total) {}

    asio::awaitable<std::optional<std::string>> next() override {
        if (!answer_) {
            if (end_ && at_ >= *end_) co_return std::nullopt;
            auto fetched = co_await fetch_output(ports_, facts_, at_,
                                                 end_ ? *end_ - at_ : protocol::max_output_bytes);
            if (!fetched) {
                if (!end_) co_return std::nullopt;  // it runs: there is no more yet
                throw std::runtime_error(fetched.error());
            }
            if (fetched->end() <= at_ || fetched->offset < at_) {
                throw std::runtime_error(
                    "the host answered with other bytes than it was asked for");
            }
            answer_ = *std::move(fetched);
        }
        const auto piece = *std::exchange(answer_, std::nullopt);
        std::string bytes;
        if (piece.offset > at_) {
            if (range_end_) throw std::runtime_error("bytes of the range are missing at the host");
            bytes = missing_mark(piece.offset - at_);
        }
        bytes += piece.bytes;
        at_ = piece.end();
        if (bytes.empty()) co_return std::nullopt;
        co_return bytes;
    }

  private:
    OutputPorts ports_;
    OutputFacts facts_;
    std::int64_t at_;
    std::optional<dispatch::OutputPiece> answer_;
    std::optional<std::int64_t> range_end_;
    std::optional<std::int64_t> end_;  ///< nothing: it runs, and nobody knows
};

}  // namespace

bool OutputFacts::text_is_whole() const {
    if (!ended()) return false;
    if (!total) return true;
    const auto& kept = text.value_or("");
    if (*total != static_cast<std::int64_t>(kept.size())) return false;
    return !sha256 || crypto::to_hex(crypto::sha256(kept)) == *sha256;
}

std::string missing_mark(std::int64_t bytes) {
    return "\n[... " + std::to_string(bytes) + " bytes are missing here ...]\n";
}

asio::awaitable<FoundOutput> find_output(const OutputPorts& ports, const protocol::CommandId& id,
                                         std::optional<int> attempt) {
    using Found = dispatch::StoreResult<std::optional<dispatch::CommandRecord>>;
    auto found = co_await runtime::await_callback<Found>(
        [&](auto done) { ports.commands.find(id, std::move(done)); });
    if (!found) co_return std::unexpected(found.error());
    if (!*found) co_return std::nullopt;
    const auto& row = **found;
    if (!attempt || *attempt == row.attempt) {
        co_return OutputFacts{{id, row.attempt}, row.agent_id,      row.state,          row.output,
                              row.output_bytes,  row.output_sha256, row.completed_at_ms};
    }
    using Attempts = dispatch::StoreResult<std::vector<dispatch::AttemptRecord>>;
    auto earlier = co_await runtime::await_callback<Attempts>(
        [&](auto done) { ports.commands.attempts(id, std::move(done)); });
    if (!earlier) co_return std::unexpected(earlier.error());
    for (const auto& one : *earlier) {
        if (one.attempt != *attempt) continue;
        co_return OutputFacts{{id, one.attempt}, row.agent_id,      one.state,          one.output,
                              one.output_bytes,  one.output_sha256, one.completed_at_ms};
    }
    co_return std::nullopt;
}

std::optional<ByteRange> parse_byte_range(std::string_view header) {
    static constexpr std::string_view unit = "bytes=";
    if (!header.starts_with(unit)) return std::nullopt;
    header.remove_prefix(unit.size());
    const auto dash = header.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto first = header.substr(0, dash);
    const auto last = header.substr(dash + 1);
    ByteRange range{number_of(first), number_of(last)};
    if ((!first.empty() && !range.first) || (!last.empty() && !range.last)) return std::nullopt;
    if (!range.first && !range.last) return std::nullopt;
    if (range.first && range.last && *range.first > *range.last) return std::nullopt;
    return range;
}

std::optional<std::pair<std::int64_t, std::int64_t>> resolve(const ByteRange& range,
                                                             std::int64_t total) {
    const auto begin = range.first ? *range.first : std::max<std::int64_t>(0, total - *range.last);
    const auto end = range.first && range.last && *range.last < total ? *range.last + 1 : total;
    if (begin >= end) return std::nullopt;
    return std::pair{begin, end};
}

std::shared_ptr<http::BodyStream> kept_output(const OutputPorts& ports, OutputFacts facts) {
    return std::make_shared<KeptOutput>(ports, std::move(facts));
}

asio::awaitable<std::expected<std::string, std::string>> kept_range(OutputPorts ports,
                                                                    OutputFacts facts,
                                                                    std::int64_t begin,
                                                                    std::int64_t end) {
    end = std::min(end, begin + longest_range);
    if (facts.text_is_proven()) {
        co_return facts.text.value_or("").substr(static_cast<std::size_t>(begin),
                                                 static_cast<std::size_t>(end - begin));
    }
    std::string bytes;
    for (auto at = begin; at < end;) {
        auto read = co_await read_output(ports, facts.attempt, at, pieces_at_once);
        if (!read) co_return std::unexpected("the database is unavailable; try again later");
        if (read->end == 0 && facts.text_is_whole()) {
            co_return facts.text.value_or("").substr(static_cast<std::size_t>(begin),
                                                     static_cast<std::size_t>(end - begin));
        }
        const auto next = read->pieces.empty() ? end : read->pieces.front().offset;
        if (next > at) {
            co_return std::unexpected("bytes " + std::to_string(at) + " to " +
                                      std::to_string(next - 1) +
                                      " are not kept here; with source=host they come from the "
                                      "host, as long as it keeps them");
        }
        for (const auto& piece : read->pieces) {
            if (piece.offset > at) break;  // the next turn says what is missing
            bytes +=
                std::string_view(piece.bytes).substr(static_cast<std::size_t>(at - piece.offset));
            at = piece.end();
        }
    }
    bytes.resize(static_cast<std::size_t>(end - begin));
    co_return bytes;
}

std::shared_ptr<http::BodyStream> spooled_output(const OutputPorts& ports, OutputFacts facts,
                                                 std::int64_t begin,
                                                 dispatch::OutputPiece first_piece,
                                                 std::optional<std::int64_t> end) {
    return std::make_shared<SpooledOutput>(ports, std::move(facts), begin, std::move(first_piece),
                                           end);
}

asio::awaitable<dispatch::OutputLog::Fetched> fetch_output(const OutputPorts& ports,
                                                           const OutputFacts& facts,
                                                           std::int64_t offset,
                                                           std::int64_t length) {
    const auto agent = protocol::AgentId::parse(facts.agent_id);
    if (!agent) co_return std::unexpected("the command's host has no valid name");
    co_return co_await runtime::await_callback<dispatch::OutputLog::Fetched>([&](auto done) {
        ports.log.fetch(*agent, facts.attempt, offset, length, std::move(done));
    });
}

}  // namespace cockpit::api
