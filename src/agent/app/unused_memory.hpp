#pragma once

namespace cockpit::agent_app {

/// Gives the system what an idle process holds and does not need: freed heap, and its hold on code
/// and constants that ran once, at start. These are read again from the page cache when they are
/// needed, which costs some ten microseconds the next time something runs. Safe at any time.
void release_unused_memory();

}  // namespace cockpit::agent_app
