#include "agent/transport/outbox.hpp"

namespace cockpit::agent_transport {

protocol::Entry sign(protocol::EntryKind kind, std::string body, const crypto::SigningKey& key) {
    auto signature = key.sign(protocol::signing_input(kind, body));
    return {kind, key.public_key().id(), std::move(body), std::move(signature)};
}

void Outbox::add(const protocol::Received& news) {
    put({news.attempt, protocol::EntryKind::received, protocol::encode(news)});
}
void Outbox::add(const protocol::Started& news) {
    put({news.attempt, protocol::EntryKind::started, protocol::encode(news)});
}
void Outbox::add(const protocol::Finished& news) {
    put({news.attempt, protocol::EntryKind::finished, protocol::encode(news)});
}
void Outbox::add(const protocol::Refused& news) {
    put({news.attempt, protocol::EntryKind::refused, protocol::encode(news)});
}

void Outbox::add(const protocol::Output& news) {
    news_.emplace(next_++, News{news.attempt, protocol::EntryKind::output, protocol::encode(news)});
}

void Outbox::put(News news) {
    const auto number = next_++;
    const auto [place, is_new] = places_.try_emplace(news.attempt, number);
    if (!is_new) {
        news_.erase(place->second);
        place->second = number;
    }
    news_.emplace(number, std::move(news));
}

void Outbox::clear() {
    news_.clear();
    places_.clear();
}

std::vector<protocol::Entry> Outbox::take(std::size_t limit, const crypto::SigningKey& key) {
    std::vector<protocol::Entry> entries;
    while (!news_.empty() && entries.size() < limit) {
        auto first = news_.begin();
        if (first->second.kind != protocol::EntryKind::output) {
            places_.erase(first->second.attempt);
        }
        entries.push_back(sign(first->second.kind, std::move(first->second.body), key));
        news_.erase(first);
    }
    return entries;
}

}  // namespace cockpit::agent_transport
