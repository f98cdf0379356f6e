// What one part of a session needs around it, without a session: two plain peers on real sockets, a
// clock of the test's own, and nothing that takes turns.
#pragma once

#include "ending/observe.hpp"
#include "session/state.hpp"
#include "support/loopback.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ferrule::test {

using namespace std::chrono_literals;

inline std::string text_of(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Collects events and holds what a part shares with the others.
class session_parts : public ::testing::Test {
protected:
    static constexpr base::time_point start{std::chrono::hours{1}};

    session_parts()
    {
        around_.now = start;
        build();
    }

    /// Anew, with the settings as they are now.
    void build()
    {
        profile_.listener = "web";
        profile_.counters = &counters_;
        profile_.default_route.backend = pool_;
        state_.emplace(std::make_shared<const session::profile>(profile_), around_, owner_, 7,
                       net::client_address{});
    }

    /// Both peers connected, in the middle of a session. Small buffers fill soon.
    void connect_both(int buffer_bytes = 0)
    {
        ending::handshake_done(state_->facts);
        ending::connected(state_->facts);
        client_ = adopt(ending::side::client, make_tcp_connection(buffer_bytes));
        backend_ = adopt(ending::side::backend, make_tcp_connection(buffer_bytes));
    }

    far_end adopt(ending::side who, connection made)
    {
        net::socket::arm(made.near.get());
        EXPECT_EQ(0,
                  state_->peer_of(who).socket().adopt(made.near.release(), false, events_, owner_));
        return std::move(made.far);
    }

    /// False if it never comes true.
    template <typename Condition>
    bool until(Condition condition)
    {
        return collect_until(events_, condition);
    }

    session::peer& client_peer() { return state_->client(); }
    session::peer& backend_peer() { return state_->backend(); }

    record::ended_session told()
    {
        return session::tell(state_->journal.so_far(), profile_, profile_.default_route,
                             state_->facts, client_peer(), around_.now);
    }

    void pass(base::milliseconds time) { around_.now += time; }

    net::ready_queue ready_;
    net::event_set events_{ready_};
    net::deadline_wheel wheel_{start, ready_};
    session::surroundings around_{.events = events_, .ready = ready_, .wheel = wheel_};
    counting_owner owner_;
    metrics::listener_counters counters_;
    metrics::server_counters server_counters_;
    std::shared_ptr<backends::backend_pool> pool_ = std::make_shared<backends::backend_pool>("app");
    session::profile profile_;
    std::optional<session::state> state_;
    far_end client_;
    far_end backend_;
};

} // namespace ferrule::test
