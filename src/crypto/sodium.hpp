#pragma once

namespace cockpit::crypto {

/// Prepares libsodium. Every program calls it first thing in main; throws when the system gives no
/// randomness, since nothing here would be safe then.
void initialize();

}  // namespace cockpit::crypto
