#include "agent/commands/manifest_table.hpp"

#include <algorithm>
#include <numeric>

namespace cockpit::commands {
namespace {

// Levenshtein's: letters to add, leave out or change.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0U);
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const auto changed = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({row[j + 1] + 1, row[j] + 1, changed});
        }
    }
    return row.back();
}

}  // namespace

std::string suggestion(std::string_view wrong, const std::vector<std::string_view>& words) {
    const auto near = std::ranges::min_element(
        words, {}, [&](std::string_view word) { return distance(wrong, word); });
    std::string sentence = ";";
    if (near != words.end() && distance(wrong.substr(0, 64), *near) <= 2) {
        sentence += " did you mean '" + std::string(*near) + "'?";
    }
    sentence += " allowed: ";
    for (const auto word : words)
        sentence += (word == words.front() ? "" : ", ") + std::string(word);
    return sentence;
}

void Complaints::add(TextPosition position, std::string_view sentence) {
    lines_.push_back(file_ + ":" + std::to_string(position.line) + ":" +
                     std::to_string(position.column) + ": " + std::string(sentence));
}

ManifestTable::ManifestTable(const TomlValue::Table& table, TextPosition position,
                             Complaints& complaints,
                             std::initializer_list<std::string_view> allowed)
    : table_(table), position_(position), complaints_(complaints) {
    for (const auto& entry : table_) {
        if (std::ranges::find(allowed, entry.key) != allowed.end()) continue;
        complaints_.add(entry.position,
                        "unknown key '" + entry.key.substr(0, 64) + "'" +
                            suggestion(entry.key.substr(0, 64), std::vector(allowed)));
    }
}

const TomlEntry* ManifestTable::find(std::string_view key) const {
    const auto found = std::ranges::find(table_, key, &TomlEntry::key);
    return found == table_.end() ? nullptr : &*found;
}

void ManifestTable::complain(std::string_view key, std::string_view sentence) const {
    const auto* entry = find(key);
    complaints_.add(entry == nullptr ? position_ : entry->value.position, sentence);
}

void ManifestTable::wrong_kind(const TomlEntry& entry, std::string_view right) const {
    complaints_.add(entry.value.position, "'" + entry.key + "' must be " + std::string(right) +
                                              ", not " + std::string(entry.value.kind()));
}

std::optional<std::string> ManifestTable::text(std::string_view key) const {
    const auto* entry = find(key);
    if (entry == nullptr) return std::nullopt;
    if (const auto* text = entry->value.text()) {
        if (text->find('\0') == std::string::npos) return *text;
        complaints_.add(entry->value.position, "'" + entry->key + "' contains a NUL character");
        return std::nullopt;
    }
    wrong_kind(*entry, "a text");
    return std::nullopt;
}

std::optional<bool> ManifestTable::boolean(std::string_view key) const {
    const auto* entry = find(key);
    if (entry == nullptr) return std::nullopt;
    if (const auto* value = std::get_if<bool>(&entry->value.value)) return *value;
    wrong_kind(*entry, "true or false");
    return std::nullopt;
}

std::optional<std::int64_t> ManifestTable::integer(std::string_view key) const {
    const auto* entry = find(key);
    if (entry == nullptr) return std::nullopt;
    if (const auto* value = std::get_if<std::int64_t>(&entry->value.value)) return *value;
    wrong_kind(*entry, "an integer");
    return std::nullopt;
}

std::optional<std::int64_t> ManifestTable::integer(std::string_view key, std::int64_t low,
                                                   std::int64_t high) const {
    const auto value = integer(key);
    if (!value || (*value >= low && *value <= high)) return value;
    complain(key, "'" + std::string(key) + "' must be from " + std::to_string(low) + " to " +
                      std::to_string(high) + ", not " + std::to_string(*value));
    return std::nullopt;
}

std::optional<std::vector<std::string>> ManifestTable::texts(std::string_view key) const {
    const auto* entry = find(key);
    if (entry == nullptr) return std::nullopt;
    const auto* array = entry->value.array();
    if (array == nullptr) {
        wrong_kind(*entry, "a list of texts");
        return std::nullopt;
    }
    std::vector<std::string> list;
    for (const auto& item : *array) {
        const auto* text = item.text();
        if (text == nullptr || text->find('\0') != std::string::npos) {
            complaints_.add(item.position, "'" + entry->key +
                                               "' must be a list of texts, and this "
                                               "is " +
                                               (text == nullptr ? std::string(item.kind())
                                                                : "one with a NUL character"));
            return std::nullopt;
        }
        list.push_back(*text);
    }
    return list;
}

}  // namespace cockpit::commands
