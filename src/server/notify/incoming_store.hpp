#pragma once
// Where incoming webhooks and what came in by them are kept. notify owns this interface,
// server/store implements it. Callbacks as in dispatch/command_store.hpp.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/notify/notification_store.hpp"
#include "server/notify/push.hpp"

namespace cockpit::notify {

struct HookRecord {
    std::string name;
    Provider provider = Provider::github;
    std::string sealed_secret;
    std::string created_by;
    std::int64_t created_at_ms = 0;
};

struct PushRecord {
    std::int64_t id = 0;  ///< given by the database, grows
    Push push;
    std::string body_digest;  ///< SHA-256, hexadecimal: the signed part is taken only once
    std::string outcome;      ///< a sentence: what came of it
    std::int64_t received_at_ms = 0;
};

class IncomingStore {
  public:
    virtual ~IncomingStore() = default;

    virtual void load_hooks(runtime::Callback<StoreResult<std::vector<HookRecord>>> done) = 0;
    virtual void find_hook(std::string name,
                           runtime::Callback<StoreResult<std::optional<HookRecord>>> done) = 0;
    /// False: the name is taken.
    virtual void add_hook(HookRecord record, runtime::Callback<StoreResult<bool>> done) = 0;
    /// False: there is none. What came in by it stays.
    virtual void remove_hook(std::string name, runtime::Callback<StoreResult<bool>> done) = 0;

    /// The row's id; nothing: this delivery, or this very body, was there before.
    virtual void add_push(PushRecord record,
                          runtime::Callback<StoreResult<std::optional<std::int64_t>>> done) = 0;
    virtual void set_push_outcome(std::int64_t id, std::string outcome,
                                  runtime::Callback<StoreResult<bool>> done) = 0;
    /// Newest first.
    virtual void list_pushes(std::string hook, int limit,
                             runtime::Callback<StoreResult<std::vector<PushRecord>>> done) = 0;
};

}  // namespace cockpit::notify
