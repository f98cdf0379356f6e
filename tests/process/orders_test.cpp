#include "process/orders.hpp"

#include "process/one_listener.hpp"
#include "process/stand_ins.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ferrule::process {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using texts = std::vector<std::string>;

class ordering : public ::testing::Test {
protected:
    /// What is answered at once or has been by then, as one text for each answer.
    texts obey(json::object said)
    {
        orders_.obey({std::move(said), "uid=0 pid=17"}, [this](const json::object& answer) {
            answers_.push_back(json::serialize(answer));
        });
        return answers_;
    }

    static record::snapshot session(std::uint64_t id, base::seconds accepted)
    {
        record::snapshot seen;
        seen.so_far.session_id = id;
        seen.accepted = base::time_point{accepted};
        return seen;
    }

    /// The ids in the last answer.
    std::vector<std::uint64_t> shown() const
    {
        std::vector<std::uint64_t> ids;
        const json::value answer = json::parse(answers_.back());
        for (const json::value& each : answer.at("sessions").as_array())
            ids.push_back(each.at("session").to_number<std::uint64_t>());
        return ids;
    }

    metrics::registry numbers_{1};
    kept_log log_{numbers_};
    config::settings settings_ = settings_with("127.0.0.1:0");
    told_workers workers_{2};
    std::optional<base::milliseconds> cut_in_;
    std::vector<reload::answer> reloads_;
    int drains_ = 0;
    orders orders_{settings_,
                   workers_,
                   numbers_,
                   log_.log(),
                   {.reload = [this](reload::answer tell) { reloads_.push_back(std::move(tell)); },
                    .drain =
                        [this] {
                            ++drains_;
                            cut_in_ = 1500ms;
                        },
                    .cut_in = [this] { return cut_in_; }}};
    texts answers_;
};

TEST_F(ordering, refuses_what_it_does_not_know)
{
    const std::string refusal = R"({"ok":false,"error":"there is no such command"})";
    obey({{"command", "sing"}});
    obey({{"command", 7}});
    EXPECT_EQ((texts{refusal, refusal, refusal}), obey({}));
    EXPECT_TRUE(log_.lines().empty()) << "nothing was done";
}

TEST_F(ordering, ready_is_what_the_process_is)
{
    obey({{"command", "ready"}});
    numbers_.process().ready = true;
    EXPECT_EQ((texts{R"({"ok":false,"state":"starting"})", R"({"ok":true,"state":"ready"})"}),
              obey({{"command", "ready"}}));
}

TEST_F(ordering, status_says_when_a_drain_cuts)
{
    obey({{"command", "status"}});
    const json::value calm = json::parse(answers_.back());
    cut_in_ = 2500ms;
    obey({{"command", "status"}});
    const json::value draining = json::parse(answers_.back());
    EXPECT_NE(calm, draining);
    EXPECT_NE(answers_.back().find("2.5"), std::string::npos) << answers_.back();
}

TEST_F(ordering, sessions_are_those_of_all_workers_the_oldest_first)
{
    EXPECT_TRUE(obey({{"command", "sessions"}, {"listener", "web"}, {"limit", 3}}).empty());
    EXPECT_EQ("web", workers_.filter.listener);
    EXPECT_EQ(3U, workers_.limit);
    workers_.tell_listed({{session(1, 10s), session(4, 40s)}, 2});
    EXPECT_TRUE(answers_.empty()) << "one worker has not answered";
    workers_.tell_listed({{session(2, 20s), session(3, 30s)}, 7});
    ASSERT_EQ(1U, answers_.size());
    EXPECT_EQ((std::vector<std::uint64_t>{1, 2, 3}), shown());
    EXPECT_NE(answers_.back().find(R"("fitting":9)"), std::string::npos) << answers_.back();
}

TEST_F(ordering, sessions_are_a_hundred_unless_another_limit_is_given)
{
    obey({{"command", "sessions"}});
    EXPECT_EQ(100U, workers_.limit);
    EXPECT_EQ((texts{R"({"ok":false,"error":"limit is a number from 1 to 100000"})"}),
              obey({{"command", "sessions"}, {"limit", 0}}));
}

TEST_F(ordering, kill_wants_to_be_told_whom)
{
    EXPECT_EQ((texts{R"({"ok":false,"error":"say which: ids, or a filter"})"}),
              obey({{"command", "kill"}}));
    EXPECT_FALSE(workers_.tell_killed);
}

TEST_F(ordering, kill_tells_who_was_killed_when_all_workers_have)
{
    obey({{"command", "kill"}, {"ids", {3, 8, 9}}});
    EXPECT_EQ((std::vector<std::uint64_t>{3, 8, 9}), workers_.filter.ids);
    workers_.tell_killed({9});
    EXPECT_TRUE(answers_.empty());
    workers_.tell_killed({3});
    EXPECT_EQ((texts{R"({"ok":true,"killed":[9,3]})"}), answers_);
    EXPECT_EQ((texts{"info command=kill uid=0 pid=17", "info killing session=9 uid=0 pid=17",
                     "info killing session=3 uid=0 pid=17"}),
              log_.lines());
}

TEST_F(ordering, kill_that_hit_nobody_has_failed)
{
    obey({{"command", "kill"}, {"backend", "none"}});
    workers_.tell_killed({});
    workers_.tell_killed({});
    EXPECT_EQ((texts{R"({"ok":false,"killed":[]})"}), answers_);
}

TEST_F(ordering, reload_is_answered_when_it_is_over)
{
    EXPECT_TRUE(obey({{"command", "reload"}}).empty());
    reloads_.at(0)({2, "line 7 is wrong"});
    EXPECT_EQ((texts{R"({"ok":false,"exit_code":2,"text":"line 7 is wrong"})"}), answers_);
    obey({{"command", "reload"}});
    reloads_.at(1)({0, {}});
    EXPECT_EQ(R"({"ok":true,"exit_code":0,"text":""})", answers_.back());
}

TEST_F(ordering, drain_says_how_long_it_may_take)
{
    obey({{"command", "drain"}});
    EXPECT_EQ(1, drains_);
    EXPECT_EQ((texts{R"({"ok":true,"cut_in_seconds":1.5E0})"}), answers_);
    EXPECT_EQ((texts{"info command=drain uid=0 pid=17"}), log_.lines());
}

TEST_F(ordering, log_level_is_changed_if_one_is_given)
{
    settings_.log = log_.settings();
    obey({{"command", "log-level"}});
    EXPECT_EQ(config::log_level::info, settings_.log.level);
    obey({{"command", "log-level"}, {"level", "warning"}});
    EXPECT_EQ(config::log_level::warning, settings_.log.level);
    obey({{"command", "log-level"}, {"level", "loud"}});
    EXPECT_EQ(config::log_level::warning, settings_.log.level);
    EXPECT_EQ((texts{R"({"ok":true,"level":"info"})", R"({"ok":true,"level":"warning"})",
                     R"({"ok":false,"error":"a level is one of debug, info, warning, error"})"}),
              answers_);
    log_.log().say(config::log_level::info, "not to be seen");
    EXPECT_EQ((texts{"info command=log-level uid=0 pid=17", "info command=log-level uid=0 pid=17"}),
              log_.lines());
}

TEST_F(ordering, opens_no_socket_where_none_is_configured)
{
    boost::asio::io_context io;
    orders_.open(io);
    EXPECT_TRUE(log_.lines().empty());
}

} // namespace
} // namespace ferrule::process
