#include "redis/stream_entries.hpp"

namespace cockpit::redis {

std::vector<StreamEntry> parse_entries(const Value& list) {
    std::vector<StreamEntry> entries;
    const Array* items = list.if_array();
    if (items == nullptr) return entries;
    entries.reserve(items->size());
    for (const Value& item : *items) {
        const Array* pair = item.if_array();
        if (pair == nullptr || pair->size() != 2) continue;
        const std::string* id = (*pair)[0].if_text();
        const Array* words = (*pair)[1].if_array();
        if (id == nullptr || words == nullptr || words->size() % 2 != 0) continue;
        StreamEntry entry{*id, {}};
        entry.fields.reserve(words->size() / 2);
        bool well_formed = true;
        for (std::size_t i = 0; i < words->size(); i += 2) {
            const std::string* name = (*words)[i].if_text();
            const std::string* value = (*words)[i + 1].if_text();
            if (name == nullptr || value == nullptr) {
                well_formed = false;
                break;
            }
            entry.fields.emplace_back(*name, *value);
        }
        if (well_formed) entries.push_back(std::move(entry));
    }
    return entries;
}

std::vector<StreamEntry> parse_read_answer(const Value& answer) {
    const Array* streams = answer.if_array();
    if (streams == nullptr || streams->empty()) return {};
    const Array* pair = streams->front().if_array();
    if (pair == nullptr || pair->size() != 2) return {};
    return parse_entries((*pair)[1]);
}

}  // namespace cockpit::redis
