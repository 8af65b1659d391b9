#pragma once
// Services as people write them: checked, their secrets sealed, kept in the store. One thread;
// callbacks come exactly once, and may come from inside the call. Must outlive the callbacks of its
// store.

#include <boost/json/object.hpp>
#include <expected>
#include <string>
#include <vector>

#include "crypto/secret_box.hpp"
#include "runtime/clock.hpp"
#include "server/deployments/preparing.hpp"

namespace cockpit::deployments {

class ServiceBook {
  public:
    using Done = runtime::Callback<std::expected<ServiceRecord, Error>>;

    /// `allow_local` as for wrong_remote(). All must outlive this object.
    ServiceBook(ServiceStore& store, const targets::Targeting& targeting,
                const runtime::Clock& clock, const crypto::SecretBox& box, bool allow_local)
        : store_(store),
          targeting_(targeting),
          clock_(clock),
          box_(box),
          allow_local_(allow_local) {}

    void create(std::string name, const boost::json::object& request, std::string by, Done done);
    /// The whole definition anew. Credentials that are not mentioned stay, unless the remote is
    /// another one: whoever may write a service must not learn its secret that way.
    void replace(std::string name, const boost::json::object& request, std::string by, Done done);
    void remove(std::string name, Done done);
    void find(std::string name, Done done);

  private:
    std::expected<ServiceDraft, Error> checked(const std::string& name,
                                               const boost::json::object& request) const;
    std::expected<void, Error> settle_credentials(ServiceDraft& draft, ServiceRecord& record) const;

    ServiceStore& store_;
    const targets::Targeting& targeting_;
    const runtime::Clock& clock_;
    const crypto::SecretBox& box_;
    const bool allow_local_;
};

}  // namespace cockpit::deployments
