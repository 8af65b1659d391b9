#include "protocol/output_messages.hpp"

#include "protocol/body_fields.hpp"

namespace cockpit::protocol {
namespace json = boost::json;
namespace {

constexpr std::size_t most_data = (max_output_bytes + 2) / 3 * 4;

void check_fetch_id(std::string_view id) {
    if (id.empty() || id.size() > 64) BodyFields::wrong("fetch_id", "text of 1 to 64 characters");
}

}  // namespace

std::string encode(const Output& body) {
    auto object = addressed(body.agent, body.attempt);
    object["offset"] = body.offset;
    object["data"] = body.data;
    if (body.missing_before > 0) object["missing_before"] = body.missing_before;
    object["at_ms"] = body.at_ms;
    if (body.fetch_id) object["fetch_id"] = *body.fetch_id;
    if (body.problem) object["problem"] = *body.problem;
    return json::serialize(object);
}

Decoded<Output> decode_output(std::string_view body) {
    return decode_fields<Output>(body, [](const BodyFields& fields) {
        Output output{.agent = fields.agent(),
                      .attempt = fields.attempt(),
                      .offset = fields.byte_count("offset"),
                      .data = fields.text("data"),
                      .missing_before =
                          fields.absent("missing_before") ? 0 : fields.byte_count("missing_before"),
                      .at_ms = fields.integer("at_ms"),
                      .fetch_id = fields.optional_text("fetch_id"),
                      .problem = fields.optional_text("problem")};
        if (output.missing_before > output.offset) {
            BodyFields::wrong("missing_before", "at most the offset");
        }
        if (output.data.size() > most_data)
            BodyFields::wrong("data", "at most 65536 bytes in base64");
        if (output.fetch_id) check_fetch_id(*output.fetch_id);
        if (output.problem && !output.fetch_id) {
            BodyFields::wrong("fetch_id", "given where problem is");
        }
        return output;
    });
}

std::string encode(const Fetch& body) {
    auto object = addressed(body.agent, body.attempt);
    object["fetch_id"] = body.fetch_id;
    object["offset"] = body.offset;
    object["length"] = body.length;
    object["issued_at_ms"] = body.issued_at_ms;
    object["expires_at_ms"] = body.expires_at_ms;
    return json::serialize(object);
}

Decoded<Fetch> decode_fetch(std::string_view body) {
    return decode_fields<Fetch>(body, [](const BodyFields& fields) {
        Fetch fetch{fields.agent(),
                    fields.attempt(),
                    fields.text("fetch_id"),
                    fields.byte_count("offset"),
                    fields.byte_count("length"),
                    fields.integer("issued_at_ms"),
                    fields.integer("expires_at_ms")};
        check_fetch_id(fetch.fetch_id);
        if (fetch.length > max_output_bytes) BodyFields::wrong("length", "at most 65536");
        return fetch;
    });
}

}  // namespace cockpit::protocol
