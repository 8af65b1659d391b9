#include "server/notify/notification_store.hpp"

namespace cockpit::notify {

std::string_view to_text(DeliveryState state) {
    switch (state) {
        case DeliveryState::pending:
            return "pending";
        case DeliveryState::delivered:
            return "delivered";
        case DeliveryState::dead:
            return "dead";
    }
    return "dead";
}

std::optional<DeliveryState> parse_delivery_state(std::string_view text) {
    for (const auto state :
         {DeliveryState::pending, DeliveryState::delivered, DeliveryState::dead}) {
        if (to_text(state) == text) return state;
    }
    return std::nullopt;
}

}  // namespace cockpit::notify
