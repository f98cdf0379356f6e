// What is written. When it cannot be written: session_log_trouble_test.cpp.
#include "log/log_fixture.hpp"

#include <cctype>

namespace ferrule::log {
namespace {

using config::log_level;
using test::clean_session;
using test::lines_of;
using test::lossy_session;
using test::probe_session;
using test::session_log_test;
using test::soon;

/// The line with its time, wherever that stands, replaced by "TIME".
std::string timeless(std::string line)
{
    static const std::string shape = "dddd-dd-ddTdd:dd:dd.dddZ";
    std::string digits = line;
    for (char& letter : digits)
        if (std::isdigit(static_cast<unsigned char>(letter)))
            letter = 'd';
    if (const auto at = digits.find(shape); at != std::string::npos)
        line.replace(at, shape.size(), "TIME");
    return line;
}

TEST_F(session_log_test, an_ended_session_is_a_line_of_text)
{
    make()->ended(0, clean_session());
    const auto lines = lines_of(path);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0], "2026-11-24T08:18:30.123Z info " + text_line(clean_session()));
}

TEST_F(session_log_test, an_ended_session_is_an_object_of_json)
{
    settings.format = config::log_format::json;
    make()->ended(0, lossy_session());
    EXPECT_EQ(lines_of(path), std::vector<std::string>{json_line(lossy_session())});
}

TEST_F(session_log_test, an_ended_session_is_a_sentence_in_the_demo)
{
    settings.format = config::log_format::json; // has no say there
    auto log = make(session_log::style::demo);
    log->say(log_level::info, "listening");
    log->say(log_level::warning, "careful");
    log.reset();
    make(session_log::style::demo)->ended(0, clean_session());
    EXPECT_EQ(lines_of(path), (std::vector<std::string>{"listening", "warning: careful",
                                                        demo_line(clean_session())}));
}

TEST_F(session_log_test, a_message_is_a_line_with_time_and_level)
{
    make()->say(log_level::error, "cannot reload: caf\u00e9");
    const auto lines = lines_of(path);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(timeless(lines[0]), "TIME error cannot reload: caf\u00e9");
}

TEST_F(session_log_test, a_message_of_several_lines_is_several_lines_of_text)
{
    make()->say(log_level::warning, "file.yaml:1:2: error: no\n  mode: x\n        ^ one of: y\n");
    const auto lines = lines_of(path);
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(timeless(lines[0]), "TIME warning file.yaml:1:2: error: no");
    EXPECT_EQ(timeless(lines[1]), "TIME warning   mode: x");
    EXPECT_EQ(timeless(lines[2]), "TIME warning         ^ one of: y");
    EXPECT_EQ(lines[0].substr(0, 24), lines[2].substr(0, 24)) << "the same time on each";
}

TEST_F(session_log_test, a_message_of_several_lines_is_one_object_of_json)
{
    settings.format = config::log_format::json;
    make()->say(log_level::info, "one\n\"two\"");
    const auto lines = lines_of(path);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(timeless(lines[0]),
              R"({"time":"TIME","level":"info","event":"message","message":"one\u000a\"two\""})");
}

TEST_F(session_log_test, level_and_choice_of_sessions_filter)
{
    settings.level = log_level::warning;
    auto log = make();
    log->ended(0, clean_session(1));
    log->ended(0, lossy_session(2));
    log->ended(0, probe_session(3));
    log->say(log_level::info, "not this");
    log->say(log_level::error, "but this");
    log.reset();
    const auto lines = lines_of(path);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_NE((lines[0] + lines[1]).find("session=2 "), std::string::npos);
    EXPECT_NE((lines[0] + lines[1]).find("but this"), std::string::npos);
    EXPECT_EQ(dropped_sessions(), 0u) << "what is not wanted is not dropped";
}

TEST_F(session_log_test, the_status_page_gets_every_ending_whatever_is_logged)
{
    settings.sessions = config::logged_sessions::none;
    auto log = make();
    log->ended(0, clean_session(1));
    log->ended(0, lossy_session(2));
    log->ended(0, probe_session(3));
    log.reset();
    EXPECT_TRUE(lines_of(path).empty());

    const auto shown = numbers.endings().newest_first();
    ASSERT_EQ(shown.size(), 3u);
    EXPECT_EQ(shown[0].cause, ending::cause::probe);
    EXPECT_FALSE(record::is_abnormal(shown[0]));
    EXPECT_TRUE(record::is_abnormal(shown[1]));
    EXPECT_EQ(text_line(lossy_session(2)), text_line(shown[1])) << "all of it";
}

TEST_F(session_log_test, a_reload_changes_level_format_and_choice)
{
    auto log = make();
    log->ended(0, clean_session(1));
    ASSERT_TRUE(soon([&] { return lines_of(path).size() == 1; }));

    auto changed = settings;
    changed.format = config::log_format::json;
    changed.level = log_level::debug;
    log->reconfigure(changed);
    log->ended(0, probe_session(2));
    ASSERT_TRUE(soon([&] { return lines_of(path).size() == 2; }));

    changed.sessions = config::logged_sessions::none;
    log->reconfigure(changed);
    log->ended(0, lossy_session(3));
    log.reset();
    const auto lines = lines_of(path);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[1], json_line(probe_session(2)));
}

TEST_F(session_log_test, the_end_of_the_log_writes_all_that_was_handed_over)
{
    auto log = make();
    for (std::uint64_t id = 0; id < 1000; ++id)
        log->ended(0, clean_session(id));
    log->say(log_level::info, "the last");
    log.reset();
    EXPECT_EQ(lines_of(path).size(), 1001u);
    EXPECT_EQ(dropped_sessions(), 0u);
}

TEST_F(session_log_test, a_log_goes_on_where_an_earlier_process_stopped)
{
    make()->ended(0, clean_session(1));
    make()->ended(0, clean_session(2));
    EXPECT_EQ(lines_of(path).size(), 2u);
}

TEST_F(session_log_test, a_new_file_is_not_for_everybody)
{
    make();
    struct stat file {};
    ASSERT_EQ(stat(path.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0027, 0u);
}

TEST_F(session_log_test, after_a_rotation_lines_go_to_the_new_file)
{
    auto log = make();
    log->ended(0, clean_session(1));
    ASSERT_TRUE(soon([&] { return lines_of(path).size() == 1; }));
    std::filesystem::rename(path, path + ".1");
    log->ended(0, clean_session(2));
    ASSERT_TRUE(soon([&] { return lines_of(path + ".1").size() == 2; }));
    log->reopen();
    log->ended(0, clean_session(3));
    log.reset();
    EXPECT_EQ(lines_of(path + ".1").size(), 2u);
    const auto lines = lines_of(path);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_NE(lines[0].find("session=3 "), std::string::npos);
}

TEST_F(session_log_test, a_rotation_that_fails_is_told_in_the_old_file_which_stays_in_use)
{
    std::filesystem::create_directory(folder / "logs");
    settings.target = folder / "logs/ferrule.log";
    auto log = make();
    std::filesystem::rename(folder / "logs", folder / "moved");
    log->reopen();
    log->ended(0, clean_session(1));
    log.reset();
    const auto lines = lines_of(folder / "moved/ferrule.log");
    ASSERT_EQ(lines.size(), 2u);
    // The writer's thread may take the session's line first.
    EXPECT_NE((lines[0] + lines[1])
                  .find(" error log: cannot open " + settings.target +
                        ": No such file or directory; going on with the file that is open"),
              std::string::npos)
        << lines[0] << lines[1];
}

TEST_F(session_log_test, a_target_that_cannot_be_opened_is_named_with_the_reason)
{
    settings.target = folder / "nowhere/ferrule.log";
    try {
        make();
        FAIL() << "it should throw";
    } catch (const std::runtime_error& error) {
        EXPECT_EQ(error.what(),
                  "log.target: cannot open " + settings.target + ": No such file or directory");
    }
}

TEST_F(session_log_test, workers_and_messages_at_the_same_time_lose_and_double_nothing)
{
    constexpr std::uint64_t count = 5000;
    workers = 4;
    auto log = make();
    std::vector<std::thread> threads;
    threads.reserve(5);
    for (int worker = 0; worker < workers; ++worker)
        threads.emplace_back([&log, worker] {
            for (std::uint64_t id = 0; id < count; ++id)
                log->ended(worker, clean_session(static_cast<std::uint64_t>(worker) * count + id));
        });
    threads.emplace_back([&log, this] {
        for (std::uint64_t i = 0; i < count; ++i) {
            log->say(log_level::info, "message");
            if (i % 1000 == 0) {
                log->reconfigure(settings);
                log->reopen();
            }
        }
    });
    for (std::thread& each : threads)
        each.join();
    log.reset();

    std::uint64_t messages = 0;
    std::uint64_t sessions = 0;
    std::vector<std::int64_t> last(4, -1);
    for (const std::string& line : lines_of(path)) {
        const auto at = line.find(" session=");
        if (at == std::string::npos) {
            ++messages;
            continue;
        }
        const auto id = std::stoull(line.substr(at + 9));
        EXPECT_EQ(line.substr(25), "info " + text_line(clean_session(id)));
        auto& before = last[id / count];
        EXPECT_GT(static_cast<std::int64_t>(id % count), before);
        before = static_cast<std::int64_t>(id % count);
        ++sessions;
    }
    EXPECT_EQ(sessions + dropped_sessions(), 4 * count);
    EXPECT_EQ(messages + numbers.process().log_lines_dropped, count);
}

} // namespace
} // namespace ferrule::log
