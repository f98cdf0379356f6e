#include "process/configuration.hpp"

#include "process/one_listener.hpp"
#include "process/stand_ins.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ferrule::process {
namespace {

using texts = std::vector<std::string>;

class configuring : public ::testing::Test {
protected:
    static constexpr int workers = 2;

    config::settings settings()
    {
        config::settings result = settings_with("127.0.0.1:0");
        result.workers = workers;
        result.log = log_.settings();
        return result;
    }

    void begin()
    {
        deployment::prepared prepared =
            deployment_.prepare(settings_, backends::resolve_servers(settings_.backends));
        deployment_.listen(prepared);
        configuration_.begin(std::move(prepared));
        held_ = std::exchange(workers_.setups, {});
    }

    void replace(const config::settings& fresh, const std::string& findings = {})
    {
        configuration_.replace(fresh, backends::resolve_servers(fresh.backends), findings);
    }

    metrics::registry numbers_{workers};
    kept_log log_{numbers_, workers};
    config::settings settings_ = settings();
    manual_loop loop_;
    told_workers workers_{workers};
    deployment deployment_{numbers_, workers, inherited_sockets{}};
    credential_files files_{loop_, settings_, deployment_, workers_, numbers_, log_.log()};
    std::string refusal_; ///< of the exporter's new protection
    configuration configuration_{
        loop_, settings_, deployment_, workers_, files_, numbers_, log_.log(), [this](const auto&) {
            if (!refusal_.empty())
                throw std::runtime_error(refusal_);
        }};
    std::vector<worker::worker_setup> held_; ///< what the workers have since the beginning
};

TEST_F(configuring, begins_with_a_setup_for_each_worker)
{
    settings_.max_sessions = 500;
    begin();
    ASSERT_EQ(2U, held_.size());
    for (const worker::worker_setup& each : held_)
        EXPECT_EQ(1U, each.listeners.size());
    EXPECT_EQ(500U, workers_.max_sessions);
    EXPECT_EQ(1'800'001'000, numbers_.process().last_reload_seconds);
    const std::string where = held_[0].listeners[0].fresh.at(0).socket.where().text();
    EXPECT_EQ((texts{"info listening listener=web address=" + where}), log_.lines());
}

TEST_F(configuring, puts_others_in_the_place_of_the_settings_in_force)
{
    begin();
    loop_.pass(base::seconds{7});
    config::settings fresh = settings_;
    fresh.max_sessions = 300;
    fresh.log.level = config::log_level::warning;
    replace(fresh, "line 7 is odd");
    EXPECT_EQ(fresh, settings_);
    EXPECT_EQ(2U, workers_.setups.size());
    EXPECT_EQ(300U, workers_.max_sessions);
    EXPECT_EQ(1'800'001'007, numbers_.process().last_reload_seconds);
    log_.log().say(config::log_level::info, "not to be seen");
    EXPECT_EQ("warning line 7 is odd", log_.lines().back());
}

TEST_F(configuring, has_the_files_watched_that_the_settings_in_force_name)
{
    begin();
    EXPECT_FALSE(loop_.is_anything_set()) << "there are none";
    config::settings fresh = settings_;
    fresh.listeners[0].tls.certificate_path = "web.pem";
    replace(fresh);
    EXPECT_TRUE(loop_.is_anything_set());
}

TEST_F(configuring, changes_nothing_if_the_exporter_cannot_be_protected)
{
    begin();
    const config::settings before = settings_;
    config::settings fresh = settings_;
    fresh.listeners[0].name = "other";
    refusal_ = "bad key";
    EXPECT_THROW(replace(fresh), std::runtime_error);
    EXPECT_EQ(before, settings_);
    EXPECT_TRUE(workers_.setups.empty());
    EXPECT_EQ(1U, log_.lines().size()) << "only that it listens";
}

TEST_F(configuring, keeps_no_series_of_what_is_not_configured)
{
    begin();
    config::settings fresh = settings_;
    fresh.listeners[0].name = "other";
    refusal_ = "bad key";
    EXPECT_THROW(replace(fresh), std::runtime_error);
    EXPECT_NE(numbers_.text().find("listener=\"other\""), std::string::npos) << "it was prepared";
    configuration_.keep_only_configured_series();
    EXPECT_EQ(numbers_.text().find("listener=\"other\""), std::string::npos);
    refusal_.clear();
    replace(fresh);
    EXPECT_NE(numbers_.text().find("listener=\"other\""), std::string::npos);
    EXPECT_EQ(numbers_.text().find("listener=\"web\""), std::string::npos);
}

TEST_F(configuring, says_what_takes_effect_at_the_next_start_only)
{
    begin();
    config::settings fresh = settings_;
    fresh.workers = 3;
    fresh.metrics_address = config::endpoint{config::endpoint::kind::ip4, "127.0.0.1", 9100};
    fresh.control.path = "elsewhere.sock";
    fresh.log.target = "stdout";
    replace(fresh);
    texts lines = log_.lines();
    lines.erase(lines.begin());
    const std::string later = " has changed: that takes effect at the next start";
    EXPECT_EQ((texts{"warning workers" + later, "warning metrics.address" + later,
                     "warning control" + later, "warning log.target" + later}),
              lines);
}

TEST_F(configuring, says_nothing_of_what_has_not_changed)
{
    begin();
    replace(settings_);
    EXPECT_EQ(1U, log_.lines().size());
}

TEST_F(configuring, gives_each_worker_the_servers_that_were_looked_up_again)
{
    settings_.backends.push_back({"named", {{config::endpoint::kind::name, "app.test", 80}}});
    begin();
    const config::endpoint& named = settings_.backends[1].servers[0];
    const net::address where = net::address::ip("127.0.0.9", 80).value();
    configuration_.learn({{named.text(), {{where}, {}}}});
    ASSERT_EQ(1U, workers_.found.size()) << "the other backend has no names";
    EXPECT_EQ("named", workers_.found[0].first);
    ASSERT_EQ(2U, workers_.found[0].second.size());
    for (const worker_pool::servers& each : workers_.found[0].second)
        EXPECT_EQ(1U, each.size());
}

} // namespace
} // namespace ferrule::process
