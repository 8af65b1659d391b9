#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "runtime/await_callback.hpp"
#include "server/dispatch/command_store.hpp"

namespace cockpit::dispatch {

/// Ends the waiting when it is destroyed; the callback then never comes.
class Waiter {
  public:
    virtual ~Waiter() = default;
};

/// Who waits for the end of which command. One thread; made with std::make_shared, since each
/// Waiter shares it and may outlive whoever made it.
class Waiters : public std::enable_shared_from_this<Waiters> {
  public:
    using Done = runtime::Callback<std::optional<CommandRecord>>;

    struct Place {
        std::unique_ptr<Waiter> waiter;
        std::uint64_t number;
    };
    Place add(const std::string& command_id, Done done);
    bool any(const std::string& command_id) const { return by_command_.contains(command_id); }

    /// Calls all who wait for this command.
    void finish(const std::string& command_id, const std::optional<CommandRecord>& record);
    /// Calls one of them, when it still waits.
    void finish(const std::string& command_id, std::uint64_t number,
                const std::optional<CommandRecord>& record);

  private:
    class Waiting;
    std::uint64_t next_ = 0;
    std::unordered_map<std::string, std::map<std::uint64_t, Done>> by_command_;
};

}  // namespace cockpit::dispatch
