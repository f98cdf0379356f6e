// One session, on the simulated kernel and clock, from the accepted connection to the moment when
// both peers know how it ended.
#pragma once

#include "session/session.hpp"
#include "simulation/client.hpp"
#include "simulation/scenario.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ferrule::simulation {

/// What outlives a session, since it is large: a worker's buffers.
class workshop {
public:
    net::ready_queue ready;
    net::event_set events{ready};
    std::optional<net::deadline_wheel> wheel;
    session::surroundings around;

    workshop() : wheel{std::in_place, base::time_point{}, ready}, around{events, ready, *wheel} {}
};

/// What was going on in the turn in which the proxy sent a FIN.
struct goodbye {
    bool was_said = false;
    time_point last_data{};   ///< data was read, or written to the backend
    bool data_waited = false; ///< written before this turn, and not acknowledged
};

/// Moments and measures that the oracle judges by; `never` if it did not come to that.
struct observations {
    time_point accepted{};
    time_point goodbye_read = never; ///< the client's close_notify, by the proxy
    time_point spoiled_read = never;
    time_point begun_read = never; ///< half a message: an error once something has to be said
    time_point killed = never;
    time_point ended_at_once = never;
    time_point cut_at = never; ///< of a drain
    time_point drain_from = never;
    time_point over = never;
    time_point closing_since = never;  ///< the session says that neither source has more to give
    time_point sources_over = never;   ///< the proxy has read how both sources, or a bad one, ended
    std::uint64_t handshake_bytes = 0; ///< written to the client when the handshake was done
    time_point last_data{};
    bool killed_in_silence = false; ///< nothing had moved for a second, waited, or had ended
    goodbye to_client;
    goodbye to_backend;
    bool stood_still = false;
    time_point died = never;
    time_point last_wire{};              ///< the proxy's last recv or send of any byte
    time_point last_wire_before_end{};   ///< the same, in the turns before the first end
    time_point ended = never;            ///< the turn of the first end
    bool had_unread_at_end = false;      ///< bytes that had come were left by that turn
    bool had_backlog_before_end = false; ///< bytes waited in the turn in which the first end came
    bool had_backlog_at_end = false;
    bool was_unbounded = false;                    ///< an end had come, and no deadline was armed
    base::microseconds longest_silence{0};         ///< before any end
    base::microseconds longest_half_silence{0};    ///< half-closed, nothing waiting
    base::microseconds longest_closing_silence{0}; ///< closing, nothing waiting
    base::microseconds longest_drain_silence{0};   ///< an end had come and bytes were waiting
    bool horizon_reached = false; ///< nothing would ever have ended it: the operator did
    bool is_stuck = false;        ///< not even that ended it
    std::vector<record::ended_session> records;
};

class theatre final : public session::host {
public:
    theatre(workshop& with, const scenario& what, dice& chance, std::vector<std::string>* trace);
    ~theatre();
    theatre(const theatre&) = delete;
    theatre& operator=(const theatre&) = delete;

    void play();

    // What the oracle asks
    const scenario& plan() const { return plan_; }
    const observations& seen() const { return seen_; }
    const record::ended_session& told() const { return seen_.records.at(0); }
    kernel& world() { return kernel_; }
    client& client_side() { return *client_; }
    backend* backend_side() { return backends_.empty() ? nullptr : backends_.back().get(); }
    endpoint& proxy_client() { return kernel_.at(accepted_); }
    endpoint* proxy_backend();
    metrics::listener_counters counters;

    // session::host
    void ended(session::session& which, const record::ended_session& told) override;
    std::uint64_t next_session_id() noexcept override { return 1; }

private:
    void begin();
    bool happen(); ///< everything that is due now; false if the session is over
    bool turn();
    void pump();
    void advance();
    void aftermath();
    void start_plan(unsigned who, const std::vector<planned>& plan);
    void perform(std::uint32_t which);
    void perform_client(const planned& what);
    void perform_backend(const planned& what);
    void perform_operation(const planned& what);
    void die();
    /// What there was before a turn.
    struct before {
        std::uint64_t from_client = 0;
        std::uint64_t to_client = 0;
        std::uint64_t from_backend = 0;
        std::uint64_t to_backend = 0;
        bool data_waits = false;
    };
    before look_before();
    void look_at_end(const before& was);
    void look_at_wire(const before& was);
    void look(const before& was);
    void look_at_goodbyes(const before& was);
    void measure_silence(time_point until);
    bool has_backlog();
    bool has_data_waiting();
    bool is_silent();
    bool is_over() const { return !seen_.records.empty() || seen_.died != never; }
    void say(const std::string& text) { kernel_.say(text); }
    std::shared_ptr<const session::profile> make_profile();

    workshop& with_;
    const scenario& plan_;
    kernel kernel_;
    std::vector<std::string>* trace_;
    std::array<metrics::server_counters, 8> server_counters_;
    std::unique_ptr<session::session> current_;
    std::unique_ptr<session::session> dead_;
    std::unique_ptr<client> client_;
    std::vector<std::unique_ptr<backend>> backends_;
    int accepted_ = -1;
    bool client_plan_started_ = false;
    bool backend_plan_started_ = false;
    bool has_ended_ = false;
    bool backlog_ = false;
    time_point frozen_until_{};
    time_point quiet_since_{};
    record::state last_state_ = record::state::handshaking;
    observations seen_;
};

} // namespace ferrule::simulation
