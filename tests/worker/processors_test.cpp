#include "worker/processors.hpp"

#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace ferrule::worker {
namespace {

/// A tree of control groups as files.
class processor_quotas : public ::testing::Test {
protected:
    void group(const std::string& path, const std::string& file, const std::string& text)
    {
        const std::filesystem::path folder = folder_ / path;
        std::filesystem::create_directories(folder);
        std::ofstream(folder / file) << text << "\n";
    }

    std::optional<double> quota(const std::string& groups)
    {
        return processor_quota(groups, folder_ / "");
    }

    test::temporary_folder folder_;
};

TEST_F(processor_quotas, are_none_where_there_is_none)
{
    EXPECT_EQ(std::nullopt, quota("0::/\n"));
    EXPECT_EQ(std::nullopt, quota(""));
    EXPECT_EQ(std::nullopt, quota("no line of that kind"));
    group("app", "cpu.max", "max 100000");
    EXPECT_EQ(std::nullopt, quota("0::/app\n"));
}

TEST_F(processor_quotas, are_those_of_the_group)
{
    group("app", "cpu.max", "50000 100000");
    EXPECT_EQ(0.5, quota("0::/app\n"));
    EXPECT_EQ(std::nullopt, quota("0::/other\n"));
}

TEST_F(processor_quotas, are_the_least_of_those_above)
{
    group("pod", "cpu.max", "150000 100000");
    group("pod/app", "cpu.max", "400000 100000");
    EXPECT_EQ(1.5, quota("0::/pod/app\n"));
    group("pod/app/deeper", "cpu.max", "20000 100000");
    EXPECT_EQ(0.2, quota("0::/pod/app/deeper\n"));
}

TEST_F(processor_quotas, of_a_container_stand_at_its_root)
{
    group("", "cpu.max", "200000 100000");
    EXPECT_EQ(2.0, quota("0::/\n"));
    EXPECT_EQ(2.0, quota("0::/docker/of/the/host\n"));
}

TEST_F(processor_quotas, of_version_1_have_a_file_for_each_number)
{
    group("cpu,cpuacct/app", "cpu.cfs_quota_us", "250000");
    group("cpu,cpuacct/app", "cpu.cfs_period_us", "100000");
    EXPECT_EQ(2.5, quota("5:memory:/app\n4:cpu,cpuacct:/app\n"));
    EXPECT_EQ(std::nullopt, quota("4:cpuset:/app\n"));
    group("cpu,cpuacct/app", "cpu.cfs_quota_us", "-1");
    EXPECT_EQ(std::nullopt, quota("4:cpu,cpuacct:/app\n"));
}

TEST(usable_processors, are_at_least_one)
{
    EXPECT_GE(usable_processors(), 1);
}

} // namespace
} // namespace ferrule::worker
