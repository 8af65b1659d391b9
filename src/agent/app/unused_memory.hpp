#pragma once

namespace cockpit::agent_app {

/// Gives the system what an idle process holds and does not need: freed heap, and its hold on code
/// and constants that ran once, at start. What is needed again is mapped again, on first use. Safe
/// at any time.
void release_unused_memory();

}  // namespace cockpit::agent_app
