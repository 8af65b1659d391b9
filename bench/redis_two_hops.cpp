// The floor under a command's round trip: publish, a subscriber that publishes back at once, and a
// subscriber that waits for it. Two processes with two plain hiredis connections each, as a server
// and an agent would have; nothing is parsed, signed or kept.

#include <hiredis/hiredis.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <memory>

#include "bench/samples.hpp"

namespace {

struct FreeContext {
    void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, FreeContext>;
using Reply = std::unique_ptr<redisReply, FreeReply>;

constexpr const char* there = "bench:there";
constexpr const char* back = "bench:back";

Context connect(int port) {
    Context context(redisConnect("127.0.0.1", port));
    if (!context || context->err != 0) {
        throw std::runtime_error(std::string("cannot connect to Redis: ") +
                                 (context ? context->errstr : "out of memory"));
    }
    return context;
}

Reply checked(const Context& context, void* raw) {
    Reply reply(static_cast<redisReply*>(raw));
    if (!reply) throw std::runtime_error(std::string("Redis went away: ") + context->errstr);
    if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error(reply->str);
    return reply;
}

Context subscribe(int port, const char* channel) {
    auto context = connect(port);
    checked(context, redisCommand(context.get(), "SUBSCRIBE %s", channel));
    return context;
}

Reply next_message(const Context& subscription) {
    void* raw = nullptr;
    if (redisGetReply(subscription.get(), &raw) != REDIS_OK) raw = nullptr;
    auto reply = checked(subscription, raw);
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3) {
        throw std::runtime_error("Redis sent something that is not a message");
    }
    return reply;
}

void publish(const Context& context, const char* channel, const std::string& message) {
    checked(context,
            redisCommand(context.get(), "PUBLISH %s %b", channel, message.data(), message.size()));
}

[[noreturn]] void answer_for_ever(int port, int ready) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int code = cockpit::bench::run("redis_two_hops (answering)", [&] {
        const auto subscription = subscribe(port, there);
        const auto publisher = connect(port);
        if (::write(ready, "!", 1) != 1) throw std::runtime_error("nobody waits");
        while (true) {
            const auto message = next_message(subscription);
            const auto* body = message->element[2];
            publish(publisher, back, std::string(body->str, body->len));
        }
    });
    ::_exit(code);
}

}  // namespace

int main(int count, char** words) {
    using namespace cockpit;
    return bench::run("redis_two_hops", [&] {
        const int port = bench::number(count, words, "port");
        const std::string body(bench::number(count, words, "bytes"), 'x');
        int ready[2];
        if (::pipe(ready) != 0) throw std::runtime_error("cannot make a pipe");
        if (::fork() == 0) {
            ::close(ready[0]);
            answer_for_ever(port, ready[1]);
        }
        ::close(ready[1]);
        const auto subscription = subscribe(port, back);
        const auto publisher = connect(port);
        char mark = 0;
        if (::read(ready[0], &mark, 1) != 1)
            throw std::runtime_error("the other end did not start");
        bench::measure(count, words, [&] {
            publish(publisher, there, body);
            next_message(subscription);
        });
    });
}
