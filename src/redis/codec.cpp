#include "redis/codec.hpp"

#include <hiredis/read.h>

#include <charconv>
#include <new>

namespace cockpit::redis {
namespace {

void append_header(char kind, std::size_t number, std::string& out) {
    char text[24];
    const auto end = std::to_chars(text, text + sizeof text, number).ptr;
    out.push_back(kind);
    out.append(text, end);
    out.append("\r\n", 2);
}

}  // namespace

void encode(const Command& command, std::string& out) {
    append_header('*', command.size(), out);
    for (const auto& word : command) {
        append_header('$', word.size(), out);
        out.append(word);
        out.append("\r\n", 2);
    }
}

// What hiredis calls for each element. The "object" it keeps is the address of the Value: stable
// for as long as hiredis needs it, since only the last element of each open array is ever extended.
struct Decoder::Builder {
    static Value* place(const redisReadTask* task) {
        auto* decoder = static_cast<Decoder*>(task->privdata);
        if (++decoder->elements_ > decoder->limits_.elements) return nullptr;
        if (task->parent == nullptr) {
            decoder->root_ = Value{};
            return &decoder->root_;
        }
        auto& array = std::get<Array>(static_cast<Value*>(task->parent->obj)->data);
        return &array.emplace_back();
    }
    static void* string(const redisReadTask* task, char* bytes, std::size_t size) {
        Value* value = place(task);
        if (value == nullptr) return nullptr;
        if (task->type == REDIS_REPLY_ERROR) {
            value->data.emplace<ErrorReply>().message.assign(bytes, size);
        } else {
            value->data.emplace<std::string>(bytes, size);
        }
        return value;
    }
    static void* array(const redisReadTask* task, int) {
        // The announced length is not believed: nothing is reserved for what may never come.
        Value* value = place(task);
        if (value != nullptr) value->data.emplace<Array>();
        return value;
    }
    static void* integer(const redisReadTask* task, long long number) {
        Value* value = place(task);
        if (value != nullptr) value->data.emplace<std::int64_t>(number);
        return value;
    }
    static void* nil(const redisReadTask* task) { return place(task); }
    static void free(void*) {}

    static inline redisReplyObjectFunctions functions{string, array, integer, nil, free};
};

void Decoder::Free::operator()(redisReader* reader) const {
    redisReaderFree(reader);
}

Decoder::Decoder(Limits limits)
    : limits_(limits), reader_(redisReaderCreateWithFunctions(&Builder::functions)) {
    if (!reader_) throw std::bad_alloc();
    reader_->privdata = this;
}

Decoder::~Decoder() = default;

void Decoder::feed(std::string_view bytes) {
    if (error_) return;
    if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != 0) {
        error_ = std::string("the answer of Redis could not be kept: ") + reader_->errstr;
        return;
    }
    fed_ += bytes.size();
}

std::expected<std::optional<Value>, std::string> Decoder::next() {
    if (error_) return std::unexpected(*error_);
    void* whole = nullptr;
    const int outcome = redisReaderGetReply(reader_.get(), &whole);
    if (elements_ > limits_.elements) {
        error_ = "Redis sent an answer of more than " + std::to_string(limits_.elements) +
                 " elements, the most that is read";
        return std::unexpected(*error_);
    }
    if (outcome != 0) {
        error_ = std::string("what came is not the protocol of Redis (") + reader_->errstr + ")";
        return std::unexpected(*error_);
    }
    if (whole == nullptr) {
        if (fed_ > limits_.bytes) {
            error_ = "Redis sent an answer of more than " + std::to_string(limits_.bytes) +
                     " bytes, the most that is read";
            return std::unexpected(*error_);
        }
        return std::optional<Value>();
    }
    fed_ = reader_->len - reader_->pos;
    elements_ = 0;
    return std::optional<Value>(std::exchange(root_, Value{}));
}

}  // namespace cockpit::redis
