#include "base/thread.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <pthread.h>
#include <string>
#include <unistd.h>

namespace ferrule::base {
namespace {

TEST(thread, it_takes_no_signals_and_the_starter_goes_on_taking_them)
{
    sigset_t before;
    pthread_sigmask(SIG_SETMASK, nullptr, &before);

    bool blocks_all = false;
    start_thread("test", [&blocks_all] {
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        blocks_all = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGHUP) == 1 &&
                     sigismember(&mask, SIGPIPE) == 1;
    }).join();
    EXPECT_TRUE(blocks_all);

    sigset_t after;
    pthread_sigmask(SIG_SETMASK, nullptr, &after);
    EXPECT_EQ(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
    EXPECT_EQ(sigismember(&after, SIGPIPE), sigismember(&before, SIGPIPE));
}

TEST(thread, a_write_to_a_pipe_without_a_reader_is_an_error_and_not_the_end)
{
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    close(ends[0]);
    int error = 0;
    start_thread("test", [&] {
        if (write(ends[1], "x", 1) < 0)
            error = errno;
    }).join();
    EXPECT_EQ(error, EPIPE);
    close(ends[1]);
}

TEST(thread, it_has_its_name_for_top)
{
    std::string name;
    start_thread("ferrule-metrics", [&name] {
        char text[16] = {};
        pthread_getname_np(pthread_self(), text, sizeof text);
        name = text;
    }).join();
    EXPECT_EQ(name, "ferrule-metrics");
}

TEST(thread, its_name_may_be_gone_before_it_runs_and_is_cut_if_it_is_long)
{
    std::string seen;
    std::thread thread;
    {
        std::string name = "worker-of-a-very-long-name";
        thread = start_thread(name, [&seen] {
            char text[16] = {};
            pthread_getname_np(pthread_self(), text, sizeof text);
            seen = text;
        });
        name.assign(name.size(), '?');
    }
    thread.join();
    EXPECT_EQ(seen, "worker-of-a-ver");
}

} // namespace
} // namespace ferrule::base
