// Who gets in, with a worker's parts and no worker: two admissions under one limit, a clock of the
// test's own, real sockets.

#include "worker/admission.hpp"

#include "support/kept_log.hpp"
#include "support/loopback.hpp"
#include "tls/self_signed.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace ferrule::worker {
namespace {

using namespace std::chrono_literals;
using test::comes_true;
using test::far_end;

/// What one worker lends to its admission.
struct half_a_worker final : session::host {
    half_a_worker(session_limit& limit, metrics::process_state& state, log::session_log& log)
        : wheel{base::time_point{std::chrono::hours{1}}, ready},
          it{{around, *this, mail, sessions, limit, state}, accept_news{log, limit, 0}}
    {
        around.now = base::time_point{std::chrono::hours{1}};
    }
    ~half_a_worker()
    {
        it.close();
        sessions.clear_and_dispose([](session::session* each) { delete each; });
    }

    void ended(session::session& which, const record::ended_session& told) override
    {
        causes.push_back(told.cause);
        which.siblings.unlink();
        delete &which;
        it.give_back_place();
    }
    std::uint64_t next_session_id() noexcept override { return 1; }

    void turn()
    {
        events.collect();
        wheel.advance(around.now);
        ready.run_once();
    }
    bool has(std::size_t count)
    {
        return comes_true([&] {
            turn();
            return sessions.size() == count;
        });
    }

    net::ready_queue ready;
    net::event_set events{ready};
    net::deadline_wheel wheel;
    session::surroundings around{.events = events, .ready = ready, .wheel = wheel};
    mailbox mail{events, [](const std::exception&) { FAIL(); }};
    live_sessions sessions;
    std::vector<ending::cause> causes;
    admission it;
};

struct admissions : ::testing::Test {
    admissions()
    {
        const tls::key_pair pair = tls::make_self_signed(30);
        tls::context_options options;
        options.certificate_pem = pair.certificate_pem;
        options.key_pem = pair.key_pem;
        options.session_id_context = "web";
        profile.listener = "web";
        profile.tls = std::make_shared<tls::context>(options);
        profile.default_route.backend = std::make_shared<backends::backend_pool>("app");
        profile.counters = &counters;
        one.it.meet({&other.it});
        other.it.meet({&one.it});
        limit.set(1);
    }

    /// One more listener of `at`; its port.
    std::uint16_t listen(half_a_worker& at)
    {
        listener_setup setup{std::make_shared<const session::profile>(profile), {"here"}, {}};
        const auto loopback = net::address::ip("127.0.0.1", 0).value();
        setup.fresh.push_back({"here", net::listening_socket{loopback, 16, net::keepalive{}}});
        const std::uint16_t port = setup.fresh[0].socket.where().port();
        std::vector<listener_setup> all;
        all.push_back(std::move(setup));
        at.it.use(std::move(all));
        return port;
    }

    far_end connect(std::uint16_t port)
    {
        net::descriptor made{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        where.sin_port = htons(port);
        if (::connect(made.get(), reinterpret_cast<sockaddr*>(&where), sizeof(where)) != 0)
            test::fail("connect");
        return far_end{std::move(made)};
    }

    std::uint64_t pauses() const
    {
        return counters.accept_paused[static_cast<std::size_t>(metrics::accept_pause::sessions)]
            .get();
    }

    metrics::registry numbers{2};
    test::kept_log log{numbers};
    metrics::process_state state;
    metrics::listener_counters counters;
    session_limit limit;
    session::profile profile;
    half_a_worker one{limit, state, log.log()};
    half_a_worker other{limit, state, log.log()};
};

TEST_F(admissions, let_in_as_many_as_the_process_may_have_and_the_next_when_one_has_left)
{
    const std::uint16_t port = listen(one);
    far_end first = connect(port);
    far_end second = connect(port);
    ASSERT_TRUE(one.has(1));
    one.turn();
    EXPECT_EQ(1U, one.sessions.size()) << "the second waits in the kernel";
    EXPECT_EQ(1U, pauses());

    first.close();
    ASSERT_TRUE(comes_true([&] {
        one.turn();
        one.it.wake_listeners();
        return one.causes.size() == 1 && one.sessions.size() == 1;
    }));
    EXPECT_EQ(ending::cause::probe, one.causes[0]);
}

TEST_F(admissions, tell_each_other_of_a_place)
{
    const std::uint16_t here = listen(one);
    const std::uint16_t there = listen(other);
    far_end first = connect(here);
    ASSERT_TRUE(one.has(1));
    ASSERT_EQ(1U, pauses()) << "there is no place for a next one";
    far_end second = connect(there);
    ASSERT_TRUE(comes_true([&] {
        other.turn();
        return pauses() == 2;
    }));
    EXPECT_EQ(0U, other.sessions.size());
    first.close();
    ASSERT_TRUE(one.has(0));
    EXPECT_TRUE(other.has(1)) << "by mail: its clock stands still";
}

TEST_F(admissions, let_the_oldest_handshake_give_way_once_it_has_lasted_for_a_second)
{
    const std::uint16_t port = listen(one);
    far_end silent = connect(port);
    ASSERT_TRUE(one.has(1));
    far_end next = connect(port);
    ASSERT_TRUE(comes_true([&] {
        one.turn();
        return pauses() == 1;
    }));
    EXPECT_TRUE(one.causes.empty()) << "it is on its way, as far as is known";
    one.around.now += 1s;
    ASSERT_TRUE(comes_true([&] {
        one.turn();
        one.it.wake_listeners();
        return one.causes.size() == 1 && one.sessions.size() == 1;
    }));
    EXPECT_EQ(ending::cause::limit, one.causes[0]);
    EXPECT_EQ("RST", silent.receive());
}

TEST_F(admissions, ask_another_worker_for_a_handshake_that_gives_way)
{
    const std::uint16_t here = listen(one);
    const std::uint16_t there = listen(other);
    far_end silent = connect(here);
    ASSERT_TRUE(one.has(1));
    one.around.now += 1s;
    far_end next = connect(there);
    ASSERT_TRUE(comes_true([&] {
        one.turn();
        other.turn();
        return one.causes.size() == 1;
    }));
    EXPECT_EQ(ending::cause::limit, one.causes[0]);
    EXPECT_TRUE(other.has(1));
}

TEST_F(admissions, accept_what_waits_before_a_listener_closes)
{
    limit.set(10);
    const std::uint16_t port = listen(one);
    const far_end waits = connect(port);
    one.it.use({});
    EXPECT_EQ(1U, one.sessions.size());
    const std::uint16_t another = listen(one);
    const far_end waits_too = connect(another);
    one.it.accept_the_last();
    EXPECT_EQ(2U, one.sessions.size());
}

TEST_F(admissions, give_new_sessions_a_renewed_context)
{
    listen(one);
    const std::weak_ptr<tls::context> before = profile.tls;
    const tls::key_pair pair = tls::make_self_signed(30);
    tls::context_options options;
    options.certificate_pem = pair.certificate_pem;
    options.key_pem = pair.key_pem;
    options.session_id_context = "web";
    profile.tls = nullptr;
    one.it.renew("another", std::make_shared<tls::context>(options));
    EXPECT_FALSE(before.expired());
    one.it.renew("web", std::make_shared<tls::context>(options));
    EXPECT_TRUE(before.expired()) << "nothing holds the one before";
}

} // namespace
} // namespace ferrule::worker
