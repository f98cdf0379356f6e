#include "metrics/process_usage.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <chrono>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace ferrule::metrics {
namespace {

TEST(process_usage, an_opened_descriptor_is_counted)
{
    const auto before = read_process_usage();
    const int opened = dup(STDERR_FILENO);
    const auto after = read_process_usage();
    close(opened);
    ASSERT_TRUE(before && after);
    EXPECT_EQ(after->open_fds, before->open_fds + 1);
}

TEST(process_usage, the_limit_of_descriptors_is_the_soft_one)
{
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const auto usage = read_process_usage();
    ASSERT_TRUE(usage);
    EXPECT_EQ(usage->max_fds, static_cast<double>(limit.rlim_cur));
}

TEST(process_usage, the_process_started_before_now_and_not_long_ago)
{
    const auto usage = read_process_usage();
    ASSERT_TRUE(usage);
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    EXPECT_LE(usage->start_time_seconds, now.count() + 1); // the boot time is in whole seconds
    EXPECT_GT(usage->start_time_seconds, now.count() - 3600);
}

TEST(process_usage, threads_are_counted)
{
    // Many, since a runtime may start or end a helper of its own meanwhile.
    constexpr int count = 50;
    const auto before = read_process_usage();
    std::barrier<> all_run{count + 1};
    std::barrier<> all_counted{count + 1};
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i)
        threads.emplace_back([&] {
            all_run.arrive_and_wait();
            all_counted.arrive_and_wait();
        });
    all_run.arrive_and_wait();
    const auto during = read_process_usage();
    all_counted.arrive_and_wait();
    ASSERT_TRUE(before && during);
    EXPECT_NEAR(count, during->threads - before->threads, 5);
}

} // namespace
} // namespace ferrule::metrics
