#include "process/reload.hpp"

#include "process/one_listener.hpp"
#include "process/stand_ins.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace ferrule::process {
namespace {

using texts = std::vector<std::string>;

class reloading : public ::testing::Test {
protected:
    static loaded good()
    {
        loaded result;
        result.reading.settings = settings_with("127.0.0.1:0");
        return result;
    }

    static loaded with_finding(yaml::severity level)
    {
        loaded result;
        if (level == yaml::severity::warning)
            result = good();
        yaml::diagnostic found;
        found.level = level;
        found.message = "workers: many";
        result.reading.findings.push_back(found);
        return result;
    }

    /// Asks under a name, with which the answer is kept: "name 0 text".
    void ask(const std::string& name)
    {
        reload_.ask([this, name](const reload_result& result) {
            answers_.push_back(name + " " + std::to_string(result.exit_code) + " " + result.text);
        });
    }

    /// The lookup under way is over.
    void names_are_found(const std::string& trouble = {})
    {
        const name_lookup::taker take = std::move(lookups_.at(0));
        lookups_.erase(lookups_.begin());
        take({}, trouble);
    }

    metrics::registry numbers_{1};
    metrics::process_state& state_ = numbers_.process();
    kept_log log_{numbers_};
    std::function<loaded()> load_ = good;
    bool is_end_broken_ = false;              ///< `ended` throws
    std::string refusal_;                     ///< of `replace`; empty if it succeeds
    texts done_;                              ///< the steps, in their order
    std::vector<name_lookup::taker> lookups_; ///< under way
    texts answers_;

    reload reload_{
        [this] {
            done_.emplace_back("load");
            return load_();
        },
        "ferrule.yaml",
        state_,
        log_.log(),
        {.begun = [this] { done_.emplace_back("begun"); },
         .look_up =
             [this](const name_lookup::backends_list& backends, name_lookup::taker take) {
                 done_.push_back("look up " + backends.at(0).name);
                 lookups_.push_back(std::move(take));
             },
         .replace =
             [this](const config::settings& fresh, const backends::lookups&,
                    const std::string& findings) {
                 done_.push_back("replace " + fresh.file + " " + findings);
                 if (!refusal_.empty())
                     throw std::runtime_error(refusal_);
             },
         .ended =
             [this](bool is_in_force) {
                 done_.emplace_back(is_in_force ? "ended well" : "ended badly");
                 if (is_end_broken_)
                     throw std::runtime_error("no memory");
             }}};
};

TEST_F(reloading, reads_looks_up_and_replaces)
{
    ask("who");
    EXPECT_EQ((texts{"begun", "load", "look up app"}), done_);
    EXPECT_TRUE(answers_.empty());
    done_.clear();
    names_are_found();
    EXPECT_EQ((texts{"replace ferrule.yaml ", "ended well"}), done_);
    EXPECT_EQ((texts{"who 0 "}), answers_);
    EXPECT_EQ(1U, state_.reloads_ok);
    EXPECT_EQ(0U, state_.reloads_failed);
    EXPECT_TRUE(state_.last_reload_ok);
    EXPECT_EQ((texts{"info reloaded"}), log_.lines());
}

TEST_F(reloading, passes_warnings_on)
{
    load_ = [] { return with_finding(yaml::severity::warning); };
    ask("who");
    names_are_found();
    EXPECT_EQ("replace ferrule.yaml ferrule.yaml: warning: workers: many\n", done_.at(3));
    EXPECT_EQ((texts{"who 0 ferrule.yaml: warning: workers: many\n"}), answers_);
}

TEST_F(reloading, ends_with_2_if_the_file_has_errors)
{
    load_ = [] { return with_finding(yaml::severity::error); };
    ask("who");
    EXPECT_EQ((texts{"begun", "load", "ended badly"}), done_);
    EXPECT_EQ((texts{"who 2 ferrule.yaml: error: workers: many\n"}), answers_);
    EXPECT_EQ(0U, state_.reloads_ok);
    EXPECT_EQ(1U, state_.reloads_failed);
    EXPECT_FALSE(state_.last_reload_ok);
    const texts lines = log_.lines();
    EXPECT_EQ("error reload failed: the configuration in force stays", lines.back());
}

TEST_F(reloading, ends_with_1_wherever_it_fails)
{
    load_ = []() -> loaded { throw std::runtime_error("no memory"); };
    ask("reading");
    load_ = good;
    ask("names");
    names_are_found("out of sockets");
    refusal_ = "cannot listen";
    ask("replacing");
    names_are_found();
    EXPECT_EQ((texts{"reading 1 no memory", "names 1 cannot look names up: out of sockets",
                     "replacing 1 cannot listen"}),
              answers_);
    EXPECT_EQ(3U, state_.reloads_failed);
    EXPECT_EQ(3, std::ranges::count(done_, "ended badly"));
}

TEST_F(reloading, is_no_failure_any_more_once_one_succeeds)
{
    refusal_ = "cannot listen";
    ask("first");
    names_are_found();
    EXPECT_FALSE(state_.last_reload_ok);
    refusal_.clear();
    ask("second");
    names_are_found();
    EXPECT_TRUE(state_.last_reload_ok);
}

TEST_F(reloading, is_done_once_more_for_all_who_ask_meanwhile)
{
    ask("first");
    ask("second");
    ask("third");
    EXPECT_EQ(1U, lookups_.size()) << "one at a time";
    refusal_ = "cannot listen";
    names_are_found();
    EXPECT_EQ((texts{"first 1 cannot listen"}), answers_) << "the others did not ask for this one";
    refusal_.clear();
    names_are_found();
    EXPECT_EQ((texts{"first 1 cannot listen", "second 0 ", "third 0 "}), answers_);
    EXPECT_TRUE(lookups_.empty());
    EXPECT_EQ(2, std::ranges::count(done_, "load"));
}

TEST_F(reloading, is_done_once_more_for_who_asks_during_the_second)
{
    ask("first");
    ask("second");
    names_are_found();
    ask("third");
    names_are_found();
    EXPECT_EQ((texts{"first 0 ", "second 0 "}), answers_);
    names_are_found();
    EXPECT_EQ("third 0 ", answers_.back());
    EXPECT_EQ(3, std::ranges::count(done_, "load"));
}

TEST_F(reloading, may_be_asked_for_by_one_who_wants_no_answer)
{
    reload_.ask({});
    reload_.ask({});
    names_are_found();
    names_are_found();
    EXPECT_EQ(2U, state_.reloads_ok);
}

TEST_F(reloading, is_over_whatever_fails_at_its_end)
{
    is_end_broken_ = true;
    ask("first");
    ask("second");
    names_are_found();
    EXPECT_EQ((texts{"first 0 "}), answers_);
    is_end_broken_ = false;
    names_are_found();
    ask("third");
    names_are_found();
    EXPECT_EQ((texts{"first 0 ", "second 0 ", "third 0 "}), answers_);
    EXPECT_EQ(3U, state_.reloads_ok);
    EXPECT_EQ(0U, state_.reloads_failed);
}

TEST_F(reloading, is_done_once_more_for_an_answer_that_asks_again)
{
    reload_.ask([this](const reload_result&) { ask("again"); });
    ask("second");
    names_are_found();
    EXPECT_EQ(1U, lookups_.size()) << "one at a time";
    names_are_found();
    EXPECT_EQ((texts{"second 0 ", "again 0 "}), answers_);
    EXPECT_EQ(2U, state_.reloads_ok);
}

TEST_F(reloading, answers_the_others_if_one_cannot_be_told)
{
    ask("first");
    reload_.ask([](const reload_result&) { throw std::runtime_error("no memory"); });
    ask("third");
    names_are_found();
    names_are_found();
    EXPECT_EQ((texts{"first 0 ", "third 0 "}), answers_);
    EXPECT_EQ("error cannot tell how a reload ended: no memory", log_.lines().back());
}

TEST_F(reloading, comes_to_nothing_once_the_process_drains)
{
    ask("first");
    ask("second");
    reload_.stop();
    ask("third");
    EXPECT_EQ((texts{"third 1 reload ignored: draining"}), answers_);
    names_are_found();
    names_are_found();
    EXPECT_EQ((texts{"third 1 reload ignored: draining", "first 1 reload ignored: draining",
                     "second 1 reload ignored: draining"}),
              answers_);
    EXPECT_TRUE(std::ranges::none_of(
        done_, [](const std::string& each) { return each.starts_with("replace"); }));
    EXPECT_EQ("warning reload ignored: draining", log_.lines().front());
}

TEST_F(reloading, is_refused_where_there_is_no_file)
{
    reload none{{}, {}, state_, log_.log(), {}};
    reload_result got;
    none.ask([&](const reload_result& result) { got = result; });
    EXPECT_EQ(1, got.exit_code);
    EXPECT_EQ("reload ignored: there is no configuration file", got.text);
    EXPECT_EQ(0U, state_.reloads_failed) << "none was tried";
    EXPECT_EQ((texts{"warning reload ignored: there is no configuration file"}), log_.lines());
}

} // namespace
} // namespace ferrule::process
