#pragma once
// The targets as this server knows them: read anew every few seconds, since other servers change
// them too. Makes, changes and opens them. One thread.

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "crypto/secret_box.hpp"
#include "runtime/clock.hpp"
#include "server/notify/delivery_form.hpp"
#include "server/notify/notification_store.hpp"

namespace cockpit::notify {

struct TargetError {
    enum class Kind { invalid, unknown, exists, store_unavailable };
    Kind kind;
    std::string detail;  ///< for the person who asked
};

/// What a person gives; nothing: as it was, or the default.
struct TargetFields {
    std::optional<std::string> url;
    std::optional<std::string> secret;
    std::optional<std::vector<std::string>> addresses;
    std::optional<std::vector<std::string>> events;
    std::optional<std::vector<std::string>> agents;
    std::optional<bool> enabled;
};

class TargetBook {
  public:
    using Changed = std::expected<TargetRecord, TargetError>;

    /// All must outlive this object. `mail_from` is empty where no mail server is configured.
    TargetBook(NotificationStore& store, const runtime::Clock& clock, const crypto::SecretBox& box,
               std::string mail_from);

    /// Reads them anew; false: the store failed, and the book is as it was.
    void refresh(runtime::Callback<bool> done);
    const std::vector<TargetRecord>& list() const { return targets_; }
    const TargetRecord* find(std::string_view name) const;

    void create(std::string name, TargetKind kind, TargetFields fields, std::string by,
                runtime::Callback<Changed> done);
    void change(std::string name, TargetFields fields, runtime::Callback<Changed> done);
    void remove(std::string name, runtime::Callback<Changed> done);

    /// In clear; nothing where it was sealed with another server's key.
    std::optional<Destination> open(const TargetRecord& record) const;
    /// As it may be shown; empty for e-mail.
    std::string shown_url(const TargetRecord& record) const;

  private:
    std::optional<std::string> apply(TargetRecord& record, const TargetFields& fields,
                                     bool is_new) const;
    void put(const TargetRecord& record);

    NotificationStore& store_;
    const runtime::Clock& clock_;
    const crypto::SecretBox& box_;
    const std::string mail_from_;
    std::vector<TargetRecord> targets_;  ///< by name
};

}  // namespace cockpit::notify
