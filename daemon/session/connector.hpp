// The way to a server: the session's second phase, from the finished handshake to a server that
// takes it.
//
// Servers are tried one after the other. When all have been tried, the session waits a little and
// begins anew, until `timeouts.connect` has passed: a server that restarts costs its clients a
// moment, not their connections.
#pragma once

#include "backends/pool.hpp"
#include "base/time.hpp"
#include "ending/vocabulary.hpp"

#include <string_view>

namespace ferrule::session {

struct state;

class connector {
public:
    /// `shared` must outlive it.
    explicit connector(state& shared) noexcept : state_{shared} {}

    /// Goes on, in the phase `connecting`: looks at the try under way, begins the next one where it
    /// is due, and sees a client that has reset its connection. The phase ends with it, or
    /// `bounds.attempt` says when it is to be called again.
    void go_on();

    /// There will be no backend, whatever the reason: nothing of the tries is left.
    void stop();

private:
    void try_next_server();
    base::milliseconds share_of_try() const noexcept;
    void look_at_try(int result);
    void try_failed(int error);
    void wait_for_servers();
    void missing(ending::cause why, std::string_view detail);
    void connected();
    void watch_for_client_reset();
    bool is_connecting() const noexcept;
    /// Later rounds are not recorded: they would push out how the session began.
    bool is_first_round() const noexcept { return round_pause_ == base::milliseconds{0}; }

    state& state_;
    backends::server_choice choice_;
    backends::attempt attempt_;         ///< of one server; none between two
    base::time_point began_at_{};       ///< the first try; the clock's beginning: not yet
    base::time_point try_until_{};      ///< the end of this server's share of the time
    base::milliseconds try_pause_{0};   ///< before the same server is asked again
    base::milliseconds round_pause_{0}; ///< before all servers are tried again
    bool was_refused_ = false;          ///< a server said no at once: it may be back soon
    bool is_own_want_ = false;          ///< the last try failed for a want of ours
};

} // namespace ferrule::session
