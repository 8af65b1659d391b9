#pragma once
// Who wants to hear that a command has ended. dispatch owns this interface.

#include "server/dispatch/command_store.hpp"

namespace cockpit::dispatch {

class EndListener {
  public:
    virtual ~EndListener() = default;
    /// The end is committed. Of several servers only the one that wrote it is told; it is told
    /// once, unless it dies in between. Called on the I/O thread; must not call the dispatcher.
    virtual void on_end(const CommandRecord& record) = 0;
};

}  // namespace cockpit::dispatch
