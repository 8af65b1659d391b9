#pragma once
// What is to happen when somebody pushed. notify owns this interface.

#include <string>

#include "runtime/await_callback.hpp"
#include "server/notify/push.hpp"

namespace cockpit::notify {

class PushListener {
  public:
    virtual ~PushListener() = default;
    /// Called once for each push that was verified and written down. `done` gets what came of it, a
    /// sentence for the record; soon, since the git server waits.
    virtual void on_push(Push push, runtime::Callback<std::string> done) = 0;
};

}  // namespace cockpit::notify
