#pragma once

#include <string>
#include <string_view>

#include "crypto/keys.hpp"
#include "protocol/envelope.hpp"

namespace cockpit::transport {

/// Puts the server's signature under bodies. The key must outlive it. Pure, some 30 µs a call.
class EntrySigner {
  public:
    explicit EntrySigner(const crypto::SigningKey& key)
        : key_(key), key_id_(key.public_key().id()) {}
    protocol::Entry sign(protocol::EntryKind kind, std::string body) const;

  private:
    const crypto::SigningKey& key_;
    std::string key_id_;
};

}  // namespace cockpit::transport
