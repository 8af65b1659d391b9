#include "server/notify/target_book.hpp"

#include <algorithm>

#include "log/log.hpp"

namespace cockpit::notify {
namespace {

using Kind = TargetError::Kind;

std::string place_of(std::string_view what, const std::string& name) {
    return "cockpit_notification_targets/" + name + "/" + std::string(what);
}

std::unexpected<TargetError> unavailable(const dispatch::StoreError& error) {
    log::error("a notification target was not written", {{"error", error.message}});
    return std::unexpected(TargetError{
        Kind::store_unavailable, "the database is not available: nothing was changed; try again"});
}

std::unexpected<TargetError> unknown(const std::string& name) {
    return std::unexpected(
        TargetError{Kind::unknown, "there is no notification target '" + name + "'"});
}

}  // namespace

TargetBook::TargetBook(NotificationStore& store, const runtime::Clock& clock,
                       const crypto::SecretBox& box, std::string mail_from)
    : store_(store), clock_(clock), box_(box), mail_from_(std::move(mail_from)) {}

void TargetBook::refresh(runtime::Callback<bool> done) {
    store_.load_notification_targets([this, done = std::move(done)](auto loaded) mutable {
        if (!loaded) {
            log::warning("notification targets were not read anew",
                         {{"error", loaded.error().message}});
            return done(false);
        }
        targets_ = *std::move(loaded);
        std::ranges::sort(targets_, {}, &TargetRecord::name);
        done(true);
    });
}

const TargetRecord* TargetBook::find(std::string_view name) const {
    const auto found = std::ranges::find(targets_, name, &TargetRecord::name);
    return found == targets_.end() ? nullptr : &*found;
}

void TargetBook::put(const TargetRecord& record) {
    std::erase_if(targets_, [&](const TargetRecord& one) { return one.name == record.name; });
    const auto place = std::ranges::lower_bound(targets_, record.name, {}, &TargetRecord::name);
    targets_.insert(place, record);
}

// What is wrong with the fields, or nothing and the record has them.
std::optional<std::string> TargetBook::apply(TargetRecord& record, const TargetFields& fields,
                                             bool is_new) const {
    const bool mail = record.kind == TargetKind::email;
    const auto kind = "'" + std::string(to_text(record.kind)) + "'";
    if (mail && mail_from_.empty()) {
        return "this server has no mail server: NOTIFY_SMTP_URL and NOTIFY_SMTP_FROM must be set";
    }
    if (mail && fields.url) return "a target of kind 'email' has 'addresses', not 'url'";
    if (!mail && fields.addresses)
        return "a target of kind " + kind + " has 'url', not 'addresses'";
    if (record.kind != TargetKind::webhook && fields.secret) {
        return "a target of kind " + kind + " is not signed and takes no 'secret'";
    }
    if (is_new && !mail && !fields.url)
        return "'url' is missing; a target of kind " + kind + " needs one";
    if (is_new && mail && !fields.addresses)
        return "'addresses' is missing; it must be a list of strings";
    if (is_new && record.kind == TargetKind::webhook && !fields.secret) {
        return "'secret' is missing; a webhook is signed with it";
    }
    if (is_new && !fields.events) return "'events' is missing; it must be a list of strings";
    std::optional<std::string> wrong;
    if (fields.url) wrong = wrong_url(*fields.url);
    if (!wrong && fields.secret) wrong = wrong_secret(*fields.secret);
    if (!wrong && fields.addresses) wrong = wrong_addresses(*fields.addresses);
    if (!wrong && fields.events) wrong = wrong_events(*fields.events);
    if (wrong) return wrong;
    if (fields.url) record.sealed_url = box_.seal(*fields.url, place_of("url", record.name));
    if (fields.secret) {
        record.sealed_secret = box_.seal(*fields.secret, place_of("secret", record.name));
    }
    if (fields.addresses) record.addresses = *fields.addresses;
    if (fields.events) record.events = *fields.events;
    if (fields.agents) record.agents = *fields.agents;
    if (fields.enabled) record.enabled = *fields.enabled;
    record.changed_at_ms = clock_.wall_ms();
    return std::nullopt;
}

void TargetBook::create(std::string name, TargetKind kind, TargetFields fields, std::string by,
                        runtime::Callback<Changed> done) {
    TargetRecord record{.name = std::move(name),
                        .kind = kind,
                        .created_by = std::move(by),
                        .created_at_ms = clock_.wall_ms()};
    auto wrong = wrong_name(record.name);
    if (!wrong) wrong = apply(record, fields, true);
    if (wrong) return done(std::unexpected(TargetError{Kind::invalid, *wrong}));
    store_.add_target(record, [this, record, done = std::move(done)](auto added) mutable {
        if (!added) return done(unavailable(added.error()));
        if (!*added) {
            return done(std::unexpected(TargetError{
                Kind::exists, "there is a notification target '" + record.name + "' already"}));
        }
        put(record);
        done(std::move(record));
    });
}

void TargetBook::change(std::string name, TargetFields fields, runtime::Callback<Changed> done) {
    refresh([this, name = std::move(name), fields = std::move(fields),
             done = std::move(done)](bool read) mutable {
        if (!read) return done(unavailable({"the targets could not be read"}));
        const auto* found = find(name);
        if (found == nullptr) return done(unknown(name));
        auto record = *found;
        if (auto wrong = apply(record, fields, false)) {
            return done(std::unexpected(TargetError{Kind::invalid, *wrong}));
        }
        store_.change_target(record, [this, record, done = std::move(done)](auto changed) mutable {
            if (!changed) return done(unavailable(changed.error()));
            if (!*changed) return done(unknown(record.name));
            put(record);
            done(std::move(record));
        });
    });
}

void TargetBook::remove(std::string name, runtime::Callback<Changed> done) {
    store_.remove_target(
        name, clock_.wall_ms(), [this, name, done = std::move(done)](auto removed) mutable {
            if (!removed) return done(unavailable(removed.error()));
            if (!*removed) return done(unknown(name));
            std::erase_if(targets_, [&](const TargetRecord& one) { return one.name == name; });
            done(TargetRecord{.name = name});
        });
}

std::optional<Destination> TargetBook::open(const TargetRecord& record) const {
    Destination destination{
        .kind = record.kind, .addresses = record.addresses, .mail_from = mail_from_};
    if (record.sealed_url) {
        const auto url = box_.open(*record.sealed_url, place_of("url", record.name));
        if (!url) return std::nullopt;
        destination.url = *url;
    }
    if (record.sealed_secret) {
        const auto secret = box_.open(*record.sealed_secret, place_of("secret", record.name));
        if (!secret) return std::nullopt;
        destination.secret = *secret;
    }
    return destination;
}

std::string TargetBook::shown_url(const TargetRecord& record) const {
    if (!record.sealed_url) return "";
    const auto url = box_.open(*record.sealed_url, place_of("url", record.name));
    return url ? notify::shown_url(record.kind, *url) : "";
}

}  // namespace cockpit::notify
