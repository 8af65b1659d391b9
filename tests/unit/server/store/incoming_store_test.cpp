#include "store_fixture.hpp"

namespace cockpit::store {
namespace {

using notify::HookRecord;
using notify::PushRecord;
template <typename T>
using Result = dispatch::StoreResult<T>;

constexpr std::int64_t now_ms = 1'790'000'000'000;

class IncomingStoreTest : public StoreTest {
  protected:
    template <typename T, typename Start>
    T ask(Start start) {
        auto result = store_.wait<Result<T>>(std::move(start));
        if (!result) throw std::runtime_error(result.error().message);
        return *std::move(result);
    }
    bool add(const std::string& name) {
        const HookRecord record{.name = name,
                                .provider = notify::Provider::gitlab,
                                .sealed_secret = "sealed",
                                .created_by = "admin",
                                .created_at_ms = now_ms};
        return ask<bool>([&](auto done) { store_->add_hook(record, std::move(done)); });
    }
    std::optional<std::int64_t> push(const std::string& hook, const std::string& delivery,
                                     const std::string& digest) {
        const PushRecord record{.push = {.hook = hook,
                                         .provider = notify::Provider::gitlab,
                                         .delivery_id = delivery,
                                         .repository = "g/r",
                                         .urls = {"https://x/r.git", "git@x:r.git"},
                                         .branch = "main",
                                         .before = "aa",
                                         .after = "bb",
                                         .pusher = "vera"},
                                .body_digest = digest,
                                .outcome = "received",
                                .received_at_ms = now_ms};
        return ask<std::optional<std::int64_t>>(
            [&](auto done) { store_->add_push(record, std::move(done)); });
    }
    std::vector<PushRecord> pushes(const std::string& hook, int limit = 10) {
        return ask<std::vector<PushRecord>>(
            [&](auto done) { store_->list_pushes(hook, limit, std::move(done)); });
    }
    OpenStore store_{url_};
};
COCKPIT_BOTH_DATABASES(IncomingStoreTest);

TEST_P(IncomingStoreTest, HooksAreKept) {
    EXPECT_TRUE(add("b"));
    EXPECT_TRUE(add("a"));
    EXPECT_FALSE(add("a"));
    const auto list =
        ask<std::vector<HookRecord>>([&](auto done) { store_->load_hooks(std::move(done)); });
    ASSERT_EQ(list.size(), 2u);
    EXPECT_EQ(list[0].name, "a");
    EXPECT_EQ(list[0].provider, notify::Provider::gitlab);
    EXPECT_EQ(list[0].sealed_secret, "sealed");
    EXPECT_EQ(list[0].created_at_ms, now_ms);
    const auto find = [&](const std::string& name) {
        return ask<std::optional<HookRecord>>(
            [&](auto done) { store_->find_hook(name, std::move(done)); });
    };
    EXPECT_TRUE(find("b"));
    EXPECT_FALSE(find("c"));
    EXPECT_TRUE(ask<bool>([&](auto done) { store_->remove_hook("b", std::move(done)); }));
    EXPECT_FALSE(ask<bool>([&](auto done) { store_->remove_hook("b", std::move(done)); }));
    EXPECT_FALSE(find("b"));
}

TEST_P(IncomingStoreTest, APushIsTakenOnceByDeliveryAndByBody) {
    EXPECT_EQ(push("h", "d1", "body 1"), 1);
    EXPECT_EQ(push("h", "d1", "body 2"), std::nullopt);
    EXPECT_EQ(push("h", "d2", "body 1"), std::nullopt);
    EXPECT_TRUE(push("h", "d2", "body 2"));
    EXPECT_TRUE(push("other", "d1", "body 1")) << "another webhook's is another push";
    EXPECT_EQ(pushes("h").size(), 2u);
    EXPECT_EQ(pushes("h", 1).size(), 1u);
}

TEST_P(IncomingStoreTest, APushIsKeptAsItCame) {
    const auto id = push("h", "d1", "body");
    EXPECT_TRUE(
        ask<bool>([&](auto done) { store_->set_push_outcome(*id, "deployed", std::move(done)); }));
    const auto list = pushes("h");
    ASSERT_EQ(list.size(), 1u);
    EXPECT_EQ(list[0].outcome, "deployed");
    EXPECT_EQ(list[0].push.delivery_id, "d1");
    EXPECT_EQ(list[0].push.repository, "g/r");
    EXPECT_EQ(list[0].push.urls, (std::vector<std::string>{"https://x/r.git", "git@x:r.git"}));
    EXPECT_EQ(list[0].push.branch, "main");
    EXPECT_EQ(list[0].push.after, "bb");
    EXPECT_EQ(list[0].push.pusher, "vera");
    EXPECT_EQ(list[0].body_digest, "body");
    EXPECT_EQ(list[0].received_at_ms, now_ms);
}

}  // namespace
}  // namespace cockpit::store
