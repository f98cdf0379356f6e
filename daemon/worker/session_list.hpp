// Which sessions an operator asks for, and what the workers found.
#pragma once

#include "session/session.hpp"

#include <boost/intrusive/list.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ferrule::worker {

/// All sessions of a worker, in the order in which they came.
using live_sessions = boost::intrusive::list<
    session::session,
    boost::intrusive::member_hook<session::session, session::session::list_hook,
                                  &session::session::siblings>,
    boost::intrusive::constant_time_size<false>>;

/// Those of them that may be in their handshake.
using newcomers = boost::intrusive::list<
    session::session,
    boost::intrusive::member_hook<session::session, session::session::list_hook,
                                  &session::session::newcomers>,
    boost::intrusive::constant_time_size<false>>;

/// A session has to fit everything that is set.
struct session_filter {
    std::vector<std::uint64_t> ids; ///< empty: any
    std::string listener;
    std::string backend;
    std::string client; ///< an address with or without its port: "192.0.2.1", "[2001:db8::1]:443"
    std::optional<record::state> state;

    bool fits(const session::session& each) const;

    /// True if nothing is set.
    bool is_any() const
    {
        return ids.empty() && listener.empty() && backend.empty() && client.empty() && !state;
    }
};

/// What the workers found; the oldest first.
struct session_list {
    std::vector<record::snapshot> shown;
    std::uint64_t fitting = 0; ///< all that fit, whether shown or not
};

} // namespace ferrule::worker
