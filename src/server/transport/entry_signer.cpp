#include "server/transport/entry_signer.hpp"

namespace cockpit::transport {

protocol::Entry EntrySigner::sign(protocol::EntryKind kind, std::string body) const {
    auto signature = key_.sign(protocol::signing_input(kind, body));
    return {kind, key_id_, std::move(body), std::move(signature)};
}

}  // namespace cockpit::transport
