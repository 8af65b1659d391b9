#pragma once
// Who is meant: the hosts of the directory, the labels and groups that people gave them on the
// server, and expressions over all that. The whole is in memory; changes go to the store first, and
// changes of other servers are read every now and then.
//
// A host has the labels its owner configured (AGENT_LABELS) and those the server adds. Of one name
// the host's own stands: the server cannot make a host look like another one to its owner's rules.
//
// One thread. Callbacks come exactly once, never from inside the call. Must outlive the callbacks
// of its store.

#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/clock.hpp"
#include "server/dispatch/agent_directory.hpp"
#include "server/targets/group_store.hpp"
#include "server/targets/resolve.hpp"

namespace cockpit::targets {

inline constexpr std::size_t max_groups = 1'000;
inline constexpr std::size_t max_members = 10'000;
inline constexpr std::size_t max_labels = 64;        ///< that the server adds to one host
inline constexpr std::size_t max_label_value = 255;  ///< bytes

/// The hosts an expression means now, by id, and what of it meant nobody.
struct Selection {
    std::vector<dispatch::AgentView> agents;
    std::vector<std::string> notes;
};

/// What groups and labels say of one host.
struct Standing {
    Labels labels;  ///< what expressions see: the host's own and the server's
    Labels server_labels;
    std::vector<std::string>
        shadowed;  ///< names of server labels in whose place the host's own stands
    std::vector<std::string> groups;  ///< by name
};

struct GroupDraft {
    std::string name;
    std::string description;
    std::optional<std::vector<std::string>> members;
    std::optional<std::string> expression;
};

struct ChangeError {
    enum class Kind { invalid, not_found, conflict, store_unavailable };
    Kind kind;
    std::string detail;                 ///< for the person who asked
    std::optional<std::size_t> column;  ///< where in the expression
};
template <typename T>
using Change = std::expected<T, ChangeError>;

class Targeting {
  public:
    Targeting(const runtime::Clock& clock, const dispatch::AgentDirectory& directory,
              GroupStore& store);

    /// Loads what is kept.
    void restore(runtime::Callback<dispatch::StoreResult<bool>> done);
    /// Looks for what other servers changed.
    void refresh();

    /// "Who would that be now?"
    std::expected<Selection, TargetError> select(std::string_view expression) const;
    /// In the order of the hosts.
    std::vector<Standing> standing(std::span<const dispatch::AgentView> agents) const;

    const std::map<std::string, GroupRecord, std::less<>>& groups() const { return groups_; }

    /// Members and whatever an expression names without wildcards must exist; groups must not
    /// mention each other in a circle. `by` is recorded.
    void create(GroupDraft draft, std::string by, runtime::Callback<Change<GroupRecord>> done);
    void replace(GroupDraft draft, std::string by, runtime::Callback<Change<GroupRecord>> done);
    /// Refused while another group mentions it. The record as it was.
    void remove(std::string name, std::string by, runtime::Callback<Change<GroupRecord>> done);
    /// All labels the server adds to this host; those it had before go.
    void set_labels(protocol::AgentId agent, Labels labels, std::string by,
                    runtime::Callback<Change<LabelRecord>> done);

  private:
    using Done = runtime::Callback<Change<GroupRecord>>;
    std::vector<Host> hosts_of(std::span<const dispatch::AgentView> agents) const;
    const Labels& server_labels(std::string_view agent_id) const;
    void adopt(TargetRecords records);
    void adopt(GroupRecord record);

    Change<GroupRecord> checked(GroupDraft draft) const;
    Change<Definition> checked_expression(const GroupDraft& draft) const;
    Change<std::vector<std::string>> checked_members(std::vector<std::string> members) const;
    void save(GroupDraft draft, std::string by, bool is_new, Done done);

    /// One change after the other, each on what is kept at that moment: so two of them that are
    /// right alone cannot make a circle together. `attempt` gets a callback of its own.
    template <typename T>
    void in_turn(runtime::Callback<runtime::Callback<Change<T>>> attempt,
                 runtime::Callback<Change<T>> done);
    void next_turn();

    const runtime::Clock& clock_;
    const dispatch::AgentDirectory& directory_;
    GroupStore& store_;
    std::map<std::string, GroupRecord, std::less<>> groups_;
    Definitions definitions_;
    std::map<std::string, Labels, std::less<>> labels_;  ///< by agent
    std::uint64_t changes_ = 0;  ///< of ours: what was read before the latest is old
    bool changing_ = false;
    std::deque<std::move_only_function<void()>> waiting_;
};

/// What forbids these labels, as a sentence.
std::optional<std::string> wrong_labels(const Labels& labels);

}  // namespace cockpit::targets
