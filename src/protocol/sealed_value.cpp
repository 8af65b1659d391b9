#include "protocol/sealed_value.hpp"

#include <boost/json.hpp>

namespace cockpit::protocol {
namespace {

std::string head_of(const SealedFor& purpose) {
    std::string head = "cockpit/1 secret";
    head += '\0';
    head += purpose.agent.text();
    head += '\0';
    head += purpose.command.text();
    head += '\0';
    head += purpose.parameter;
    head += '\0';
    return head;
}

}  // namespace

std::string text_to_seal(const SealedFor& purpose, std::string_view value) {
    return head_of(purpose).append(value);
}

std::optional<std::string> value_from_seal(const SealedFor& purpose, std::string_view opened) {
    const auto head = head_of(purpose);
    if (!opened.starts_with(head)) return std::nullopt;
    return std::string(opened.substr(head.size()));
}

boost::json::object sealed_to_json(std::string_view box) {
    return {{"sealed", box}};
}

std::optional<std::string> box_from_json(const boost::json::value& value) {
    const auto* object = value.if_object();
    const auto* box =
        object != nullptr && object->size() == 1 ? object->if_contains("sealed") : nullptr;
    if (box == nullptr || !box->is_string()) return std::nullopt;
    return std::string(box->get_string());
}

}  // namespace cockpit::protocol
