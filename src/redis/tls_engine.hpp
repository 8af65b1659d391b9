#pragma once
// TLS without a socket: bytes from the wire go in, bytes for the wire come out, and plain bytes on
// the other side. TLS 1.2 or later; the other side's certificate is always verified, its name too.
//
// Errors are sentences for the operator that name the setting to mend.

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "redis/settings.hpp"

namespace cockpit::redis {

class TlsEngine {
  public:
    /// Reads the certificate files. `server_name` is a host name or an IP address: what the
    /// certificate must be for.
    static std::expected<std::unique_ptr<TlsEngine>, std::string> create(
        const Settings::Tls& settings, const std::string& server_name);

    virtual ~TlsEngine() = default;

    /// True when the handshake is done, false when it needs bytes from the other side.
    /// take_output() after each call, an error included: the other side is told why.
    virtual std::expected<bool, std::string> handshake() = 0;

    /// Bytes that came from the wire.
    virtual void feed(std::string_view bytes) = 0;
    /// Plain bytes: how many were written to `into`; none when more must come from the wire first.
    virtual std::expected<std::size_t, std::string> read(std::span<char> into) = 0;
    /// Takes all of `plain`, which is then in the output. An error sentence, or nothing.
    virtual std::optional<std::string> write(std::string_view plain) = 0;

    virtual bool has_output() const = 0;
    /// Appends what is to be sent to the wire.
    virtual void take_output(std::string& out) = 0;
};

}  // namespace cockpit::redis
