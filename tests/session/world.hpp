// A session and everything around it in one process: a worker's loop under a clock of the test's
// own, a TLS client, a server, and real TCP between them.
//
// Nothing sleeps and nothing reads a real clock. `settle` lets everything happen that can happen in
// the present; only `advance` and what is built on it move the clock.
//
// Longer than 300 lines because it is one world, used as one.
#pragma once

#include "ending/vocabulary.hpp"
#include "session/scripted_backend.hpp"
#include "session/scripted_client.hpp"
#include "session/session.hpp"
#include "tls/context.hpp"
#include "tls/self_signed.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ferrule::test {

using namespace std::chrono_literals;

struct world_options {
    config::timeout_settings timeouts{};
    config::shutdown_settings shutdown{};
    int version = TLS1_3_VERSION;
    bool resumes = false;   ///< as scripted_client
    int client_window = 0;  ///< as in make_tcp_socket
    int backend_window = 0; ///< as in make_tcp_socket
    int send_buffer = 0;    ///< of the proxy's two sockets; 0: as the kernel does
    bool has_server = true;
    std::uint32_t recorder = 0;   ///< events
    int window_milliseconds = 10; ///< how long a closed window is waited for
    int ack_milliseconds = 500;   ///< how long an acknowledgement is waited for
};

class world final : public session::host {
public:
    static constexpr base::milliseconds tick = net::deadline_wheel::tick;

    explicit world(const world_options& options = {})
        : client{options.version, options.resumes},
          backend{options.backend_window},
          options_{options},
          listener_{make_tcp_socket(options.client_window)}
    {
        around.now = base::time_point{std::chrono::hours{1}};
        bind_to_loopback(listener_);
        if (::listen(listener_.get(), 16) != 0)
            fail("listen");
        if (options.has_server)
            pool->set_servers({{"app", backend.where(), &server_counters, {}}});
    }

    /// A session that is not over is destroyed as it is.
    ~world() = default;
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    // --- beginning ---

    /// A TCP connection from the client, and its session.
    void connect()
    {
        client.connect(port_of(listener_.get()), options_.client_window);
        if (!is_ready(listener_.get(), POLLIN))
            fail("nobody connects");
        net::descriptor accepted{
            ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
        net::socket::arm(accepted.get()); // as what a listener accepts
        client_side_ = accepted.get();
        shrink_send_buffer(client_side_);
        ASSERT_TRUE(start(std::move(accepted)));
        settle();
    }

    /// A session on this socket. False, and no session, if it cannot start.
    bool start(net::descriptor accepted)
    {
        current_ = std::make_unique<session::session>(make_profile(), around, *this,
                                                      net::client_address{});
        if (!current_->start(std::move(accepted), false))
            current_.reset();
        return current_ != nullptr;
    }

    /// Connected, handshake done, backend connected.
    void establish(std::string_view greeting = {})
    {
        connect();
        client.shake_hands(greeting);
        settle();
        ASSERT_TRUE(until([&] { return client.is_established() && backend.is_connected(); }));
        settle();
    }

    session::session& current() { return *current_; }

    /// As at the end of a process.
    void destroy_session() { current_.reset(); }

    // --- time ---

    base::time_point now() const { return around.now; }

    /// Lets everything happen that can happen without the clock: until nothing moves, and no byte
    /// is under way between the kernels that its receiver has room for.
    void settle()
    {
        for (int round = 0; round < 100'000; ++round) {
            if (turn())
                continue;
            const flight bytes = in_flight();
            if (bytes == flight{} || bytes == stuck_)
                return;
            if (!moves_on(bytes)) {
                stuck_ = bytes;
                return;
            }
        }
        FAIL() << "the world does not come to rest";
    }

    /// As a worker that sleeps until its next deadline: everything happens in its own moment.
    void advance(base::clock::duration by)
    {
        settle();
        const base::time_point target = around.now + by;
        for (auto next = wheel.next(); next.has_value() && *next <= target; next = wheel.next()) {
            around.now = std::max(around.now, *next);
            settle();
        }
        around.now = target;
        settle();
    }

    /// As a process that was stopped meanwhile.
    void jump(base::clock::duration by)
    {
        around.now += by;
        settle();
    }

    /// Goes on, the clock as well, until `condition` holds. For what takes the kernel its time,
    /// where no moment has to be exact. False if it does not come true.
    bool until(const std::function<bool()>& condition)
    {
        for (int idle = 0; idle < 5000;) {
            if (condition())
                return true;
            if (turn())
                continue;
            ++idle;
            wait_for_kernel(2);
            around.now += tick;
        }
        return condition();
    }

    /// Waits, in the present, for what takes the kernel its time. False if it does not come true.
    bool wait_for(const std::function<bool()>& condition)
    {
        for (int idle = 0; idle < 1000;) {
            if (condition())
                return true;
            if (!turn() && !wait_for_kernel(10))
                ++idle;
        }
        return condition();
    }

    /// Nothing happens any more but time, until the session is over; and its peers learn of it.
    /// False if it does not end within `at_most`.
    bool finish(base::milliseconds at_most = 20min)
    {
        const base::time_point limit = around.now + at_most;
        settle();
        while (!is_over() && around.now < limit) {
            const auto next = wheel.next();
            if (!next.has_value())
                break; // nothing is bounded any more
            around.now = std::max(around.now, *next);
            settle();
        }
        if (!is_over())
            return false;
        client.read_on();
        backend.read_on();
        return until([&] {
            return (!client.tcp().is_open() || client.tcp().saw_end()) &&
                   (!backend.tcp().is_open() || backend.tcp().saw_end());
        });
    }

    // --- what was seen ---

    bool is_over() const { return !records.empty(); }
    const record::ended_session& told() const { return records.at(0); }

    std::uint64_t bytes_read_from(ending::side who) const
    {
        return counters.bytes[who == ending::side::client ? 0 : 1].get();
    }
    std::uint64_t timeouts_counted(metrics::shutdown_timeout which) const
    {
        return counters.timeouts[static_cast<std::size_t>(which)].get();
    }

    /// The proxy's own socket, while it is open; -1 otherwise. For asking the kernel about it.
    int client_side() const
    {
        return port_of(client_side_, getpeername) == port_of(client.tcp().native()) ? client_side_
                                                                                    : -1;
    }
    int backend_side() const
    {
        const std::uint16_t port = port_of(backend.tcp().native(), getpeername);
        return port != 0 && port_of(backend_side_) == port ? backend_side_ : -1;
    }

    // session::host
    void ended(session::session& which, const record::ended_session& record) override
    {
        EXPECT_EQ(current_.get(), &which);
        records.push_back(record);
        recordings.push_back(which.take_recording());
        dead_ = std::move(current_);
    }
    std::uint64_t next_session_id() noexcept override { return ++ids_; }

    net::ready_queue ready;
    net::event_set events{ready};
    net::deadline_wheel wheel{base::time_point{std::chrono::hours{1}}, ready};
    session::surroundings around{.events = events, .ready = ready, .wheel = wheel};
    metrics::listener_counters counters;
    metrics::server_counters server_counters;
    std::shared_ptr<backends::backend_pool> pool = std::make_shared<backends::backend_pool>("pool");
    scripted_client client;
    scripted_backend backend;
    std::vector<record::ended_session> records;
    std::vector<record::recorder> recordings; ///< of the same sessions

private:
    static std::shared_ptr<tls::context> shared_context()
    {
        static const auto made = [] {
            const tls::key_pair pair = tls::make_self_signed(30);
            tls::context_options options;
            options.certificate_pem = pair.certificate_pem;
            options.key_pem = pair.key_pem;
            options.groups = config::default_groups;
            options.session_id_context = "web";
            return std::make_shared<tls::context>(options);
        }();
        return made;
    }

    std::shared_ptr<const session::profile> make_profile()
    {
        return std::make_shared<const session::profile>(
            session::profile{.listener = "web",
                             .timeouts = options_.timeouts,
                             .tls = shared_context(),
                             .default_route = {pool, options_.shutdown},
                             .counters = &counters,
                             .recorder = options_.recorder});
    }

    void shrink_send_buffer(int descriptor) const
    {
        if (options_.send_buffer != 0)
            setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &options_.send_buffer,
                       sizeof(options_.send_buffer));
    }

    /// One round of a worker, and of the peers. True if anything happened.
    bool turn()
    {
        bool moved = client.pump();
        const bool was_connected = backend.is_connected();
        moved = backend.pump() || moved;
        if (!was_connected && backend.is_connected())
            find_backend_side();
        events.collect();
        wheel.advance(around.now);
        if (!ready.empty()) {
            ready.run_once();
            EXPECT_TRUE(around.wire.in.empty() && around.wire.out.empty())
                << "a turn must leave the wire empty";
            dead_.reset();
            moved = true;
        }
        return moved;
    }

    void find_backend_side()
    {
        const std::uint16_t port = port_of(backend.tcp().native(), getpeername);
        for (backend_side_ = 0; backend_side_ < 1024; ++backend_side_) {
            if (port_of(backend_side_) == port)
                break;
        }
        shrink_send_buffer(backend_side_);
    }

    /// What the peer of each socket has not acknowledged yet.
    struct flight {
        std::array<int, 4> bytes{};
        bool will_arrive = false; ///< their receiver takes whatever comes
        bool are_sent = false;    ///< some are on their way, or their acknowledgement is

        friend bool operator==(const flight&, const flight&) = default;
    };

    flight in_flight() const
    {
        const std::array<int, 4> sockets{client_side(), backend_side(), client.tcp().native(),
                                         backend.tcp().native()};
        flight now;
        for (const int each : sockets)
            acknowledge_now(each);
        for (std::size_t i = 0; i < sockets.size(); ++i) {
            now.bytes[i] = unacknowledged(sockets[i]);
            now.are_sent = now.are_sent || now.bytes[i] > unsent(sockets[i]);
        }
        now.will_arrive = (now.bytes[0] > 0 && client.tcp().reads_everything()) ||
                          (now.bytes[1] > 0 && backend.tcp().reads_everything());
        return now;
    }

    /// Waits for the kernel, which may hold an acknowledgement or a window back for a while. False
    /// if nothing changes.
    bool moves_on(const flight& before) const
    {
        const int patience = before.will_arrive ? 500
                             : before.are_sent  ? options_.ack_milliseconds
                                                : options_.window_milliseconds;
        for (int waited = 0; waited < patience; ++waited) {
            if (wait_for_kernel(1) || in_flight() != before)
                return true;
        }
        return false;
    }

    /// True if something has come within `milliseconds`.
    bool wait_for_kernel(int milliseconds) const
    {
        std::array<pollfd, 3> all{pollfd{.fd = events.native(), .events = POLLIN, .revents = 0},
                                  client.waited(), backend.waited()};
        return ::poll(all.data(), all.size(), milliseconds) > 0;
    }

    world_options options_;
    net::descriptor listener_;
    int client_side_ = -1;
    int backend_side_ = -1;
    flight stuck_;
    std::uint64_t ids_ = 0;
    std::unique_ptr<session::session> current_;
    std::unique_ptr<session::session> dead_; ///< ended in this round
};

} // namespace ferrule::test
