// A kernel in memory: TCP connections between endpoints, on a network with delays, under a clock
// that only the simulation moves.
//
// What tcp(7) promises and Linux does is kept where a session can notice it: send and receive
// buffers, windows and delayed acknowledgements, FIN, RST and what each destroys, SO_ERROR that is
// told once, what poll(2) and edge-triggered epoll(7) report, SIOCOUTQ, SO_LINGER with time 0, a
// close with unread input, keepalive for a peer that vanished. Segments are
// neither lost nor reordered: the sockets hide that from their owner.
#pragma once

#include "base/time.hpp"
#include "net/keepalive.hpp"
#include "simulation/dice.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct epoll_event;

namespace ferrule::simulation {

using base::time_point;

/// What the simulation wants to remember for the oracle and for the trace.
inline constexpr time_point never = time_point::max();

struct segment {
    enum class kind : std::uint8_t { data, fin, reset };
    kind what = kind::data;
    std::string bytes;
};

enum class link_state : std::uint8_t {
    unconnected,
    connecting,
    established,
    dead, ///< reset by the peer, refused, or given up by the kernel
};

struct endpoint {
    int peer = -1;
    std::string name; ///< for the trace
    link_state state = link_state::established;
    bool closed = false; ///< its owner has closed it; what was sent before goes on its way
    bool vanished = false;
    int error = 0; ///< SO_ERROR: told once

    // Sending. Offsets count bytes of the stream from 0; a FIN is told apart.
    std::string queue; ///< bytes from `acknowledged` on
    std::uint64_t acknowledged = 0;
    std::uint64_t sent = 0;
    std::uint64_t written = 0;
    std::uint64_t edge = 0; ///< the peer's window: may be sent up to here
    std::size_t send_limit = 0;
    bool fin_queued = false;
    bool fin_sent = false;
    bool fin_acknowledged = false;
    bool no_space = false; ///< a write found too little room: writable is announced once
    std::deque<segment> on_the_way;
    time_point last_arrival{}; ///< of what is on the way: nothing overtakes
    time_point last_acknowledgement{};
    time_point oldest_unacknowledged{};

    // Receiving
    std::string received;
    std::uint64_t arrived = 0;
    std::uint64_t read = 0;
    std::uint64_t announced = 0; ///< the window edge that the peer knows of
    std::size_t receive_limit = 0;
    bool fin_arrived = false;
    bool acknowledgement_due = false;

    // Who is told
    void* watcher = nullptr; ///< epoll_event's `data`
    bool has_news = false;
    bool resets_at_close = false; ///< SO_LINGER 0
    bool write_failed = false;
    bool was_refused = false; ///< SIOCOUTQ goes on counting the SYN
    net::keepalive keepalive = net::keepalive_below(base::off);

    // What happened, for the oracle
    time_point first_reset_seen = never; ///< its owner could learn of the reset: an event, a write
    time_point first_read_at = never;
    time_point read_fin_at = never;
    time_point read_reset_at = never;
    time_point fin_queued_at = never;
    std::uint64_t read_at_fin = 0;
    time_point closed_at = never;
    bool closed_by_reset = false;              ///< SO_LINGER 0, and there was a connection
    bool reset_was_sent = false;               ///< an RST went out
    bool reset_arrived = false;                ///< by RST or timeout
    std::uint64_t unacknowledged_at_close = 0; ///< data bytes
    bool fin_unacknowledged_at_close = false;
};

/// How a server answers a connect.
enum class server_manner : std::uint8_t {
    accepts,
    accepts_late,
    refuses,
    silent,
    unreachable,
    no_descriptor
};

class kernel {
public:
    struct network {
        base::microseconds latency{50};
        base::microseconds jitter{100};
        base::microseconds acknowledgement_delay{0};
        std::size_t segment_max = 1400 * 16;
        bool is_choppy = false;          ///< segments of any size
        bool is_short_of_memory = false; ///< a write may find no memory for a packet
    };

    kernel(dice& chance, time_point start) : now{start}, chance_{chance} {}

    // --- for everyone ---
    int make_endpoint(std::string_view name, std::size_t send_limit, std::size_t receive_limit);
    void join(int left, int right);
    endpoint& at(int descriptor)
    {
        return endpoints_[static_cast<std::size_t>(descriptor - base_)];
    }
    bool owns(int descriptor) const
    {
        return descriptor >= base_ &&
               static_cast<std::size_t>(descriptor - base_) < endpoints_.size();
    }

    /// As the system calls: a count, or a negative errno.
    std::ptrdiff_t send(int descriptor, std::span<const std::byte> bytes);
    std::ptrdiff_t receive(int descriptor, std::span<std::byte> room);
    int finish(int descriptor);
    void close(int descriptor);
    void reset(int descriptor);
    bool can_reset(int descriptor); ///< reset() would send an RST
    std::size_t unacknowledged(int descriptor);
    base::milliseconds silent_for(int descriptor);
    int take_error(int descriptor);
    std::uint32_t poll(int descriptor);

    /// Both ends hear nothing of each other any more.
    void vanish(int descriptor);

    // --- for the proxy's side ---
    int open(); ///< socket(2)
    int connect(int descriptor, std::uint16_t server);
    void watch(int descriptor, void* data);
    /// epoll_wait(2), without waiting.
    int collect(epoll_event* events, int count);

    // --- time ---
    time_point now;
    std::optional<time_point> next() const;
    /// The next thing that happens, at `now`. False if nothing is due.
    bool step();
    void later(time_point when, std::uint32_t what); ///< an event of the simulation's own
    std::optional<std::uint32_t> take_due();

    network net;
    std::vector<server_manner> servers;
    base::milliseconds connect_delay{0};
    std::size_t backend_window = 0;
    std::size_t backend_send_limit = 0;
    std::size_t proxy_send_limit = 0;
    std::size_t proxy_window = 0;
    std::vector<int> accepted;  ///< far ends that nobody has taken yet
    time_point last_movement{}; ///< bytes, acknowledgements, a connection, on the proxy's side
    bool had_no_descriptor = false;
    bool had_failed_connect = false;

    void (*trace)(void* who, time_point when, const std::string& text) = nullptr;
    void* trace_to = nullptr;
    void say(const std::string& text) const
    {
        if (trace != nullptr)
            trace(trace_to, now, text);
    }
    bool is_traced() const { return trace != nullptr; }
    void moved(const endpoint& of)
    {
        if (of.watcher != nullptr)
            last_movement = now;
    }

private:
    enum class kind : std::uint8_t { arrival, acknowledgement, connected, check_vanished, own };
    struct event {
        time_point when;
        std::uint64_t order;
        kind what;
        int who;
        std::uint64_t amount = 0;
        std::uint64_t edge = 0;
        bool fin = false;
        bool operator>(const event& other) const
        {
            return when != other.when ? when > other.when : order > other.order;
        }
    };

    void schedule(time_point when, kind what, int who);
    void schedule(event what);
    base::microseconds delay();
    void transmit(int descriptor);
    void put(int from, segment what);
    void arrive(int from);
    void take_data(int to, std::string& bytes);
    void take_reset(int to);
    void give_up(int to, int error);
    void acknowledge(int from);
    void acknowledged(const event& what);
    void connected(int who);
    void check_vanished(int who);
    void notify(endpoint& who, int descriptor);
    void forget_sending(endpoint& of);
    bool is_over(const endpoint& of) const { return of.fin_acknowledged && of.fin_arrived; }
    void note_close(endpoint& of);

    static constexpr int base_ = 1'000'000; ///< no descriptor of the process has such a number
    dice& chance_;
    std::deque<endpoint> endpoints_;
    std::priority_queue<event, std::vector<event>, std::greater<>> events_;
    std::uint64_t order_ = 0;
    std::vector<int> news_;
    std::deque<std::uint32_t> due_;
};

/// The kernel of the session that runs now: the link seam's way to it.
kernel*& current_kernel();

/// What socket(2) gave last, on either kernel.
int last_socket();

} // namespace ferrule::simulation
