// One client, one backend, from the accepted connection to the released sockets.
//
// The session's life is `live()` in session.cpp, top to bottom. It runs in turns: an event or a
// deadline wakes it, the worker resumes it once, it does what can be done without waiting, decides
// (ending/next_step.hpp) and gives its turn away. Nothing is cancelled, since nothing is ever
// pending.
//
// A session belongs to its worker's thread. It owns both sockets, the TLS channel, and what could
// not be sent yet; it borrows the worker's buffers during its turn.
#pragma once

#include "ending/next_step.hpp"
#include "ending/observe.hpp"
#include "net/deadline_wheel.hpp"
#include "net/listening_socket.hpp"
#include "record/recorder.hpp"
#include "record/snapshot.hpp"
#include "session/bounds.hpp"
#include "session/peers.hpp"
#include "session/surroundings.hpp"
#include "session/task.hpp"

#include <boost/intrusive/list.hpp>

#include <array>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace ferrule::session {

class session final : public net::wakeable {
public:
    session(std::shared_ptr<const profile> manners, surroundings& around, host& owner,
            net::client_address from) noexcept;
    ~session();

    /// Takes over the accepted socket. False if that needed memory or descriptors that are not
    /// there: then the socket is closed, nothing is counted, and the session is to be destroyed.
    bool start(net::descriptor accepted, bool is_unix) noexcept;

    /// The session's turn (called by the ready queue).
    void run() override;

    /// Ends the session for a reason of the proxy's own, told as `on_proxy_end` says.
    void end(ending::cause why) noexcept;

    /// Ends the session in its next turn, without waiting for anything: both sockets are reset.
    void end_at_once(ending::cause why) noexcept;

    /// Drains: at `ask_at`, or as soon after it as the session is quiet, its backend is asked to
    /// end; at `cut_at` the session is cut in any case.
    void drain(base::time_point ask_at, base::time_point cut_at) noexcept;

    std::uint64_t id() const noexcept { return id_; }
    const std::string& listener() const noexcept { return profile_->listener; }
    const std::string& backend() const noexcept { return profile_->backend->name(); }
    const net::client_address& client() const noexcept { return from_; }
    base::time_point accepted_at() const noexcept { return accepted_at_; }

    /// How far the session is. A short_text cannot throw and nothing is allocated but the client's
    /// address as text.
    record::snapshot look() const;
    record::state how_far() const noexcept;

    /// What was recorded; nothing is recorded any more.
    record::recorder take_recording() noexcept { return std::exchange(recorder_, {}); }

    using list_hook = boost::intrusive::list_member_hook<
        boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
    list_hook siblings;  ///< the worker's list of all sessions
    list_hook newcomers; ///< the worker's list of those that may be in their handshake

private:
    struct turn {
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<>) const noexcept {}
        void await_resume() const noexcept {}
    };

    // None of these throws but for a broken promise of ours, which `run` contains.

    // session.cpp: the life and its first phase
    task live();
    void contain(std::exception_ptr failure) noexcept;
    void shake_hands();
    void handshake_over(ending::cause why, std::string_view detail, ending::told client);
    void handshake_done();

    // connecting.cpp: its second phase
    void connect();
    void try_next_server();
    base::milliseconds share_of_try() const noexcept;
    void look_at_try(int state);
    void try_failed(int error);
    void wait_for_servers();
    void backend_missing(ending::cause why, std::string_view detail);
    void connected();
    void watch_for_client_reset();
    void stop_connecting();
    /// Later rounds are not recorded: they would push out how the session began.
    bool is_first_round() const noexcept { return round_pause_ == base::milliseconds{0}; }

    // relay.cpp: bytes
    void see();
    void meter();
    void notice_failure(ending::side who);
    void relay(ending::side from);
    void come_again();
    void read_once(ending::side from);
    void discard(ending::side from);
    void take_end(ending::side from, const taken& got);
    void flush(ending::side to);
    void hand_over(ending::side to, std::span<const std::byte> bytes);
    void after_handing(ending::side to, handed what);
    void source_ended(ending::side who, ending::source how);
    void tls_failed();
    void sink_lost(ending::side to);
    std::size_t budget_for(ending::side from) const;
    bool can_be_read(ending::side from) const;
    bool can_be_discarded(ending::side from) const;
    taken read(ending::side from, std::size_t budget);
    std::uint64_t unsent(ending::side to) const
    {
        return to == ending::side::client ? client_.unsent() : backend_.unsent();
    }

    // closing.cpp: decisions
    bool settle();
    void perform(ending::step what);
    void release(ending::side who);
    void abort(ending::side who);
    ending::step as_told(ending::step decided);
    void before_release(ending::side who, bool by_reset);
    bool look_for_acknowledgement();
    void note_transitions();
    void note_first_end();

    // waiting.cpp: time
    void wait_for(const ending::decision& decided);
    bool catch_up();
    void observe_time();
    void observe_ends();
    void observe_questions();
    bool is_bound_in_force() const;
    void end_by_us(ending::cause why);
    void patience_is_over();
    void give_up(ending::cause why, std::string_view detail);
    base::milliseconds length_of(ending::patience bound) const noexcept;
    base::milliseconds polling_interval(const ending::decision& decided);
    bool is_quiet(bool was_idle);
    bool has_unread();
    bool are_peers_there() const;
    void arm() noexcept;

    // report.cpp: the outcome
    void count(const record::ended_session& told) noexcept;
    record::ended_session tell() const noexcept;
    void count_end(ending::side who, ending::source how) noexcept;
    void count_handshake() noexcept;
    void detail_once(std::string_view text) noexcept;
    void detail_errno(int error) noexcept;

    // the flight recorder
    void note(record::happening what, std::uint64_t amount = 0, std::uint8_t detail = 0) noexcept
    {
        if (recorder_.is_on())
            record_event(what, amount, detail);
    }
    void record_event(record::happening what, std::uint64_t amount, std::uint8_t detail) noexcept;
    void note_alerts() noexcept;
    void note_causes() noexcept;

    net::socket& socket_of(ending::side who) noexcept
    {
        return who == ending::side::client ? client_.socket() : backend_.socket();
    }
    const net::socket& socket_of(ending::side who) const noexcept
    {
        return who == ending::side::client ? client_.socket() : backend_.socket();
    }
    const ending::rules& rules() const noexcept { return profile_->shutdown.rules; }
    base::time_point now() const noexcept { return around_.now; }

    // What it is made of
    std::shared_ptr<const profile> profile_;
    surroundings& around_;
    host& owner_;
    client_peer client_;
    backend_peer backend_;
    task life_;
    net::deadline alarm_;

    // How far it is
    ending::facts facts_;
    bounds bounds_;
    ending::patience bound_ = ending::patience::handshake; ///< what `bounds_.patience` bounds
    bool progress_ = false;                                ///< since the bound was last set
    ending::cause pending_end_ = ending::cause::none;      ///< ordered from outside
    bool at_once_ = false;                                 ///< and nothing is waited for
    base::milliseconds poll_interval_{0};
    std::array<std::uint64_t, 2> kernel_held_{}; ///< [side]: unacknowledged when we last looked

    // Its way to a server
    backends::server_choice choice_;
    backends::attempt attempt_;         ///< of one server; none between two
    base::time_point try_until_{};      ///< the end of this server's share of the time
    base::milliseconds try_pause_{0};   ///< before the same server is asked again
    base::milliseconds round_pause_{0}; ///< before all servers are tried again
    bool was_refused_ = false;          ///< a server said no at once: it may be back soon
    bool is_own_want_ = false;          ///< the last try failed for a want of ours

    // What moved: every byte of both sockets, either way
    std::uint64_t moved_ = 0;
    base::time_point last_moved_at_{};
    bool owes_answer_ = false;         ///< the last bytes to move went to the backend
    std::uint64_t lingered_bytes_ = 0; ///< received only to be thrown away
    std::array<bool, 2> bulk_{};       ///< [source side]: the last read filled its budget

    // What was counted and noted already
    bool counted_half_closed_ = false;
    bool counted_closing_ = false;
    bool counted_handshake_ = false;
    std::array<bool, 2> reset_counted_{};              ///< [side]
    ending::cause noted_first_ = ending::cause::none;  ///< by the recorder
    ending::cause noted_second_ = ending::cause::none; ///< by the recorder
    metrics::handshake_result handshake_ = metrics::handshake_result::failed;

    record::recorder recorder_;

    // What the record tells
    net::client_address from_;
    std::string server_text_;
    std::uint64_t id_;
    std::array<std::uint64_t, 2> bytes_{};
    std::array<std::uint64_t, 2> lost_{};
    std::array<std::uint64_t, 2> unconfirmed_{}; ///< [direction]
    bool goodbye_unconfirmed_ = false;
    base::short_text<96> detail_;
    base::time_point accepted_at_{};
    base::time_point handshake_done_at_{};
    base::time_point connect_started_at_{};
    base::time_point connected_at_{};
    base::time_point first_end_at_{};
    base::time_point half_closed_at_{};
    base::microseconds half_closed_for_{0};
};

} // namespace ferrule::session
