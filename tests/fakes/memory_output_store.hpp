#pragma once
// An OutputStore in memory, beside the command store whose rows it looks at.

#include <boost/asio/any_io_executor.hpp>
#include <map>

#include "fakes/answer_later.hpp"
#include "fakes/memory_command_store.hpp"
#include "server/dispatch/output_store.hpp"

namespace cockpit::fakes {

class MemoryOutputStore final : public dispatch::OutputStore {
  public:
    MemoryOutputStore(boost::asio::any_io_executor io, MemoryCommandStore& commands)
        : io_(std::move(io)), commands_(commands) {}

    bool broken = false;
    std::map<protocol::AttemptId, std::vector<dispatch::OutputPiece>> kept;

    void add_output(
        dispatch::NewOutput output,
        runtime::Callback<dispatch::StoreResult<std::optional<std::int64_t>>> done) override {
        const auto* row = commands_.row_of(output.attempt.command.text());
        std::optional<std::int64_t> next;
        if (row != nullptr && row->agent_id == output.agent_id &&
            row->attempt >= output.attempt.attempt) {
            auto& pieces = kept[output.attempt];
            next = pieces.empty() ? 0 : pieces.back().end();
            const auto begin = output.piece.offset;
            if (begin - output.missing_before <= *next && *next <= begin) {
                next = output.piece.end();
                pieces.push_back(std::move(output.piece));
            }
        }
        answer<std::optional<std::int64_t>>(std::move(done), next);
    }
    void read_output(protocol::AttemptId attempt, std::int64_t from, int max_pieces,
                     runtime::Callback<dispatch::StoreResult<dispatch::OutputRead>> done) override {
        dispatch::OutputRead read;
        for (const auto& piece : kept[attempt]) {
            read.end = piece.end();
            if (piece.end() > from && std::ssize(read.pieces) < max_pieces) {
                read.pieces.push_back(piece);
            }
        }
        answer<dispatch::OutputRead>(std::move(done), std::move(read));
    }

  private:
    template <typename T>
    void answer(runtime::Callback<dispatch::StoreResult<T>> done, T value) {
        answer_later(io_, std::move(done), std::move(value), broken);
    }

    boost::asio::any_io_executor io_;
    MemoryCommandStore& commands_;
};

}  // namespace cockpit::fakes
