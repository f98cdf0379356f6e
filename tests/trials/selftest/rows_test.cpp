// The configuration that a row of `ferrule selftest` is played with.

#include "trials/selftest/rows.hpp"

#include <gtest/gtest.h>

namespace ferrule::selftest {

namespace {

using namespace std::chrono_literals;

config::settings configured()
{
    config::listener_settings listener;
    listener.name = "web";
    listener.addresses = {{config::endpoint::kind::ip4, "192.0.2.1", 443},
                          {config::endpoint::kind::unix_socket, "/run/web.sock", 0}};
    listener.route.backend = "app";
    listener.timeouts.lifetime = 1h;
    config::settings settings;
    settings.file = "ferrule.yaml";
    settings.workers = 8;
    settings.log.target = "ferrule.log";
    settings.control.path = "control.sock";
    settings.metrics_address = config::endpoint{config::endpoint::kind::ip4, "127.0.0.1", 9464};
    settings.listeners = {listener, listener};
    settings.backends = {{"app", {{config::endpoint::kind::ip4, "192.0.2.2", 80}}}};
    return settings;
}

config::settings played(trial row, const config::settings& from)
{
    return settings_for(row, from, from.listeners.front(), 4711);
}

} // namespace

TEST(SelftestSettings, TouchNothingThatTheFileNames)
{
    for (const trial row : all_trials) {
        const config::settings result = played(row, configured());
        ASSERT_EQ(result.listeners.size(), 1U);
        ASSERT_EQ(result.listeners[0].addresses.size(), 1U);
        EXPECT_EQ(result.listeners[0].addresses[0].text(), "127.0.0.1:0");
        ASSERT_EQ(result.backends.size(), 1U);
        EXPECT_EQ(result.backends[0].name, "app");
        ASSERT_EQ(result.backends[0].servers.size(), 1U);
        EXPECT_EQ(result.backends[0].servers[0].text(), "127.0.0.1:4711");
        EXPECT_FALSE(result.metrics_address.has_value());
        EXPECT_TRUE(result.control.path.empty());
        EXPECT_EQ(result.log.target, "stderr");
        EXPECT_EQ(result.log.sessions, config::logged_sessions::none);
        EXPECT_EQ(result.workers, 1);
    }
}

TEST(SelftestSettings, KeepDurationsWhereNothingIsWaitedFor)
{
    const config::settings from = configured();
    const config::settings result = played(trial::client_first, from);
    EXPECT_EQ(result.listeners[0].route.shutdown, from.listeners[0].route.shutdown);
    EXPECT_EQ(result.listeners[0].timeouts.handshake, 10s);
    EXPECT_EQ(result.listeners[0].timeouts.idle, base::off);
    EXPECT_EQ(result.listeners[0].timeouts.lifetime, base::off);
}

TEST(SelftestSettings, DivideAllDurationsAlikeByWhatIsWaitedFor)
{
    const config::settings result = played(trial::backend_silent, configured()); // 60s: by 30
    EXPECT_EQ(result.listeners[0].route.shutdown.half_close_timeout, 2s);
    EXPECT_EQ(result.listeners[0].route.shutdown.deadline, 5min);    // nobody waits for it
    EXPECT_EQ(result.listeners[0].route.shutdown.stall_timeout, 2s); // not below
    EXPECT_EQ(result.listeners[0].route.shutdown.linger, 2s);
}

TEST(SelftestSettings, GiveKernelsTimeToAcknowledge)
{
    config::settings from = configured();
    from.listeners[0].route.shutdown.timeout = 10ms;
    from.listeners[0].route.shutdown.half_close_timeout = 700ms;
    from.listeners[0].route.shutdown.stall_timeout = 30ms;
    from.listeners[0].route.shutdown.linger = base::off;
    from.listeners[0].route.shutdown.deadline = 100ms;
    const config::settings result = played(trial::client_silent, from);
    EXPECT_EQ(result.listeners[0].route.shutdown.timeout, 500ms);
    EXPECT_EQ(result.listeners[0].route.shutdown.half_close_timeout, 700ms);
    EXPECT_EQ(result.listeners[0].route.shutdown.stall_timeout, 500ms);
    EXPECT_EQ(result.listeners[0].route.shutdown.linger, base::off);
    EXPECT_EQ(result.listeners[0].route.shutdown.deadline, 10s);
}

TEST(SelftestSettings, KeepABoundInItsOwnRowOnly)
{
    config::settings from = configured();
    EXPECT_EQ(played(trial::idle, from).listeners[0].timeouts.idle, 2s);
    EXPECT_EQ(played(trial::lifetime, from).listeners[0].timeouts.lifetime, 2s);
    EXPECT_TRUE(is_played(trial::idle, from.listeners[0], 0x0304));
    from.listeners[0].timeouts.idle = base::off;
    from.listeners[0].timeouts.lifetime = base::off;
    EXPECT_FALSE(is_played(trial::idle, from.listeners[0], 0x0304));
    EXPECT_FALSE(is_played(trial::lifetime, from.listeners[0], 0x0304));
    EXPECT_TRUE(is_played(trial::drain_busy, from.listeners[0], 0x0304));
}

} // namespace ferrule::selftest
