// A log that cannot be written: full disks, pipes that nobody reads, readers that are gone.
#include "log/log_fixture.hpp"

#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace ferrule::log {
namespace {

using config::log_level;
using test::clean_session;
using test::count_lines;
using test::lines_of;
using test::reading_end;
using test::session_log_test;
using test::soon;
using test::standard_error;
using namespace std::chrono_literals;

constexpr std::uint64_t many = 5000; // more than a ring and a pipe together

TEST_F(session_log_test, a_pipe_that_nobody_reads_costs_lines_but_no_time)
{
    const auto reader = target_pipe();
    auto log = make();
    const auto start = std::chrono::steady_clock::now();
    for (std::uint64_t id = 0; id < many; ++id)
        log->ended(0, clean_session(id));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
    EXPECT_GT(dropped_sessions(), 0u);

    // Read at last: what was kept arrives, and all adds up.
    std::string text;
    std::thread late{[&] { text = reader->read_rest(500); }};
    log.reset();
    late.join();
    EXPECT_EQ(count_lines(text) + dropped_sessions(), many);
}

TEST_F(session_log_test, a_pipe_that_nobody_reads_does_not_hold_up_the_end)
{
    const auto reader = target_pipe();
    auto log = make();
    for (std::uint64_t id = 0; id < many; ++id)
        log->ended(0, clean_session(id));
    EXPECT_LT(time_to_end(std::move(log)), 3s);
    EXPECT_EQ(count_lines(reader->read_rest(0)) + dropped_sessions(), many);
}

TEST_F(session_log_test, messages_that_find_no_room_are_dropped_and_counted)
{
    const auto reader = target_pipe();
    auto log = make();
    constexpr std::uint64_t count = 20'000;
    for (std::uint64_t i = 0; i < count; ++i)
        log->say(log_level::info, "a message of ordinary length, as the process has them");
    const std::uint64_t dropped_at_once = numbers.process().log_lines_dropped;
    EXPECT_GT(dropped_at_once, 0u);
    EXPECT_LT(time_to_end(std::move(log)), 3s);
    EXPECT_EQ(count_lines(reader->read_rest(0)) + numbers.process().log_lines_dropped, count);
}

TEST_F(session_log_test, lines_are_whole_although_a_pipe_took_them_in_pieces)
{
    const auto reader = target_pipe();
    auto log = make();
    for (std::uint64_t id = 0; id < many; ++id)
        log->ended(0, clean_session(id));
    std::string text;
    std::thread late{[&] { text = reader->read_rest(500); }};
    log.reset();
    late.join();
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        EXPECT_EQ(line.substr(24, 21), " info ended session=" + line.substr(44, 1)) << line;
}

TEST_F(session_log_test, a_trace_that_finds_no_room_is_dropped_and_counted)
{
    const auto reader = target_pipe();
    auto log = make();
    for (std::uint64_t id = 0; id < many; ++id) {
        record::recorder events{1};
        events.add(base::microseconds{0}, record::happening::accepted);
        log->ended(0, test::lossy_session(id), std::move(events));
    }
    const std::uint64_t dropped_at_once = dropped_traces();
    EXPECT_GT(dropped_at_once, 0u);
    EXPECT_EQ(dropped_at_once, dropped_sessions());
    EXPECT_LT(time_to_end(std::move(log)), 3s);
    EXPECT_EQ(count_lines(reader->read_rest(0)) + dropped_sessions() + dropped_traces(), 2 * many);
}

TEST_F(session_log_test, a_reader_that_is_gone_costs_lines_and_not_the_process)
{
    const auto reader = target_pipe();
    auto log = make();
    reader->close();
    for (std::uint64_t id = 0; id < 10; ++id)
        log->ended(0, clean_session(id));
    log->say(log_level::info, "and this");
    log.reset();
    EXPECT_EQ(dropped_sessions(), 10u);
    EXPECT_EQ(numbers.process().log_lines_dropped, 1u);
}

TEST_F(session_log_test, a_full_disk_costs_lines_and_is_told_on_standard_error_once)
{
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    reading_end said{ends[0]};
    settings.target = "/dev/full";
    {
        const standard_error redirected{ends[1]};
        auto log = make();
        for (std::uint64_t id = 0; id < 10; ++id) {
            log->ended(0, clean_session(id));
            ASSERT_TRUE(soon([&] { return dropped_sessions() == id + 1; }));
        }
        log->say(log_level::info, "and this");
        log.reset();
    }
    EXPECT_EQ(dropped_sessions(), 10u);
    EXPECT_EQ(numbers.process().log_lines_dropped, 1u);
    EXPECT_EQ(said.read_rest(0), "ferrule: log: /dev/full: No space left on device; lines are "
                                 "dropped until it takes them again\n");
}

TEST_F(session_log_test, a_disk_with_room_again_is_told_and_the_next_line_is_whole)
{
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    reading_end said{ends[0]};
    const std::size_t line_size = 25 + 5 + text_line(clean_session(1)).size() + 1;
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    {
        const standard_error redirected{ends[1]};
        auto log = make();
        // A limit in the middle of the second line stands for a disk that is full there.
        rlimit full = before;
        full.rlim_cur = line_size + 40;
        ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
        log->ended(0, clean_session(1));
        log->ended(0, clean_session(2));
        ASSERT_TRUE(soon([&] { return dropped_sessions() == 1; }));
        log->ended(0, clean_session(3));
        ASSERT_TRUE(soon([&] { return dropped_sessions() == 2; }));
        ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
        log->ended(0, clean_session(4));
        log.reset();
    }
    const auto lines = lines_of(path);
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(lines[0].substr(30), text_line(clean_session(1)));
    EXPECT_EQ(lines[1].size(), 40u) << "what went in before the disk was full";
    EXPECT_EQ(lines[2].substr(30), text_line(clean_session(4)));
    EXPECT_EQ(said.read_rest(0), "ferrule: log: " + path +
                                     ": File too large; lines are dropped "
                                     "until it takes them again\nferrule: log: " +
                                     path + ": it takes lines again; 2 were dropped\n");
}

/// Standard error is a pipe or socket that nobody reads until the log has ended.
class standard_error_test : public session_log_test {
protected:
    void expect_bounded(int writing, reading_end& reader)
    {
        settings.target = "stderr";
        standard_error redirected{writing};
        auto log = make();
        const int flags = fcntl(STDERR_FILENO, F_GETFL);
        for (std::uint64_t id = 0; id < many; ++id)
            log->ended(0, clean_session(id));
        const auto took = time_to_end(std::move(log));
        redirected.restore();
        EXPECT_EQ(flags & O_NONBLOCK, 0) << "it is shared with other processes";
        EXPECT_LT(took, 3s);
        const std::string text = reader.read_rest(0);
        EXPECT_GT(count_lines(text), 0u);
        EXPECT_EQ(count_lines(text) + dropped_sessions(), many);
    }
};

TEST_F(standard_error_test, a_pipe_that_nobody_reads_does_not_hold_up_the_end)
{
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    reading_end reader{ends[0]};
    expect_bounded(ends[1], reader);
}

TEST_F(standard_error_test, a_pipe_that_we_may_not_open_anew_does_not_hold_up_the_end)
{
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    reading_end reader{ends[0]};
    // As in a container that gave up root: /proc/self/fd/2 may not be opened.
    ASSERT_EQ(fchmod(ends[1], 0), 0);
    const int before = setfsuid(65534);
    const std::string name = "/proc/self/fd/" + std::to_string(ends[1]);
    const int opened = open(name.c_str(), O_WRONLY | O_CLOEXEC);
    EXPECT_EQ(opened, -1) << "the test is about a pipe that cannot be opened";
    expect_bounded(ends[1], reader);
    setfsuid(static_cast<uid_t>(before));
}

TEST_F(standard_error_test, a_socket_that_nobody_reads_does_not_hold_up_the_end)
{
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    reading_end reader{ends[0]};
    expect_bounded(ends[1], reader);
}

TEST_F(standard_error_test, a_file_gets_every_line_behind_what_others_write)
{
    settings.target = "stderr";
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_GE(file, 0);
    {
        const standard_error redirected{file};
        dprintf(STDERR_FILENO, "first\n");
        make()->ended(0, clean_session());
        dprintf(STDERR_FILENO, "last\n");
    }
    const auto lines = lines_of(path);
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(lines[0], "first");
    EXPECT_EQ(lines[2], "last");
}

} // namespace
} // namespace ferrule::log
