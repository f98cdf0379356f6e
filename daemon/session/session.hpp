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
#include "session/peers.hpp"
#include "session/recorder.hpp"
#include "session/snapshot.hpp"
#include "session/surroundings.hpp"
#include "session/task.hpp"

#include <boost/intrusive/list.hpp>

#include <array>
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

    /// Drains: at `spread_at`, or as soon after it as both flows are silent, the session ends if
    /// that can be told as a clean end; at `cut_at` it ends in any case.
    void drain(base::time_point spread_at, base::time_point cut_at) noexcept;

    std::uint64_t id() const noexcept { return id_; }
    const std::string& listener() const noexcept { return profile_->listener; }
    const std::string& backend() const noexcept { return profile_->backend->name(); }
    const net::client_address& client() const noexcept { return from_; }

    /// How far the session is. A short_text cannot throw and nothing is allocated but the client's
    /// address as text.
    snapshot look() const;
    state how_far() const noexcept;

    /// What was recorded; nothing is recorded any more.
    recorder take_recording() noexcept { return std::exchange(recorder_, {}); }

    using list_hook = boost::intrusive::list_member_hook<
        boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
    list_hook siblings; ///< the worker's list of all sessions

private:
    struct turn {
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<>) const noexcept {}
        void await_resume() const noexcept {}
    };

    // session.cpp: the life and its first two phases
    task live();
    void shake_hands() noexcept;
    void handshake_over(ending::cause why, std::string_view detail, bool alert_sent,
                        bool client_gone) noexcept;
    void handshake_done() noexcept;
    void connect() noexcept;
    void try_next_server() noexcept;
    void backend_missing(ending::cause why, std::string_view detail) noexcept;
    void connected() noexcept;
    void watch_for_client_reset() noexcept;

    // relay.cpp: bytes
    void notice_failure(ending::side who) noexcept;
    void relay(ending::side from) noexcept;
    void read_once(ending::side from) noexcept;
    void discard(ending::side from) noexcept;
    void flush(ending::side to) noexcept;
    void hand_over(ending::side to, std::span<const std::byte> bytes) noexcept;
    void after_handing(ending::side to, handed what) noexcept;
    void source_ended(ending::side who, ending::source how) noexcept;
    void drop_if_gone(ending::side to) noexcept;
    std::size_t budget_for(ending::side from) const noexcept;
    bool can_be_read(ending::side from) const noexcept;
    bool can_be_discarded(ending::side from) const noexcept;
    taken read(ending::side from, std::size_t budget) noexcept;

    // closing.cpp: decisions
    bool settle() noexcept;
    void perform(ending::step what) noexcept;
    ending::step as_told(ending::step decided) noexcept;
    void before_release(ending::side who, bool by_reset) noexcept;
    bool look_for_acknowledgement() noexcept;
    void note_transitions() noexcept;

    // waiting.cpp: time
    void wait_for(const ending::decision& decided) noexcept;
    bool catch_up() noexcept;
    void observe_time() noexcept;
    void observe_phase_deadline() noexcept;
    void patience_is_over() noexcept;
    base::milliseconds length_of(ending::patience bound) const noexcept;
    base::milliseconds polling_interval(const ending::decision& decided) noexcept;
    bool is_quiet() noexcept;
    bool are_peers_there() const noexcept;
    void give_up(std::string_view detail) noexcept;
    void arm() noexcept;

    // report.cpp: the outcome
    void count(const record& told) noexcept;
    record tell() const noexcept;
    void count_end(ending::side who, ending::source how) noexcept;
    void detail_once(std::string_view text) noexcept;
    void detail_errno(int error) noexcept;

    // the flight recorder
    void note(happening what, std::uint64_t amount = 0, std::uint8_t detail = 0) noexcept
    {
        if (recorder_.is_on())
            record_event(what, amount, detail);
    }
    void record_event(happening what, std::uint64_t amount, std::uint8_t detail) noexcept;
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
    ending::phase phase_ = ending::phase::handshaking;
    ending::patience bound_ = ending::patience::idle;
    bool progress_ = false;                            ///< bytes moved since the bound was last set
    ending::cause noted_first_ = ending::cause::none;  ///< by the recorder
    ending::cause noted_second_ = ending::cause::none; ///< by the recorder
    bool counted_half_closed_ = false;
    bool counted_closing_ = false;
    bool draining_ = false;
    std::array<bool, 2> bulk_{};          ///< [source side]: the last read filled its budget
    std::array<bool, 2> reset_counted_{}; ///< [side]
    ending::cause pending_end_ = ending::cause::none;

    // Its deadlines; time_point::max() is never
    static constexpr base::time_point never = base::time_point::max();
    base::time_point patience_at_ = never;
    base::time_point deadline_at_ = never;
    base::time_point lifetime_at_ = never;
    base::time_point poll_at_ = never;
    base::time_point spread_at_ = never;
    base::time_point watch_backend_at_ = never; ///< when the backend gets keepalive
    base::time_point cut_at_ = never;
    base::milliseconds poll_interval_{0};
    std::array<std::uint64_t, 2> kernel_held_{}; ///< [side]: unacknowledged when we last looked

    recorder recorder_;

    // What the record tells
    net::client_address from_;
    server_choice choice_;
    std::shared_ptr<server> server_; ///< while connecting
    std::string server_text_;
    std::uint64_t id_;
    std::array<std::uint64_t, 2> bytes_{};
    std::array<std::uint64_t, 2> lost_{};
    std::array<std::uint64_t, 2> unconfirmed_{}; ///< [direction]
    bool goodbye_unconfirmed_ = false;
    std::uint64_t discarded_ = 0;
    short_text<96> detail_;
    base::time_point accepted_at_{};
    base::time_point handshake_done_at_{};
    base::time_point connect_started_at_{};
    base::time_point connected_at_{};
    base::time_point first_end_at_{};
    base::time_point half_closed_at_{};
    base::time_point last_byte_at_{};
    base::microseconds half_closed_for_{0};
};

} // namespace ferrule::session
