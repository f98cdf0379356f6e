#include "process/file_watch.hpp"

#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <string>

namespace ferrule::process {
namespace {

file_sighting file(std::uint64_t inode, std::int64_t modified = 1)
{
    return {.device = 1,
            .inode = inode,
            .size = 10,
            .modified_nanoseconds = modified,
            .changed_nanoseconds = modified};
}

const file_sighting missing{.error = ENOENT};

/// A watch that has read what `file(1)` and `file(2)` stand for.
file_watch after_reading()
{
    file_watch watch;
    watch.is_due({file(1), file(2)});
    watch.is_due({file(1), file(2)});
    return watch;
}

TEST(file_watch, files_are_read_once_after_the_first_looks)
{
    file_watch watch;
    EXPECT_FALSE(watch.is_due({file(1)}));
    EXPECT_TRUE(watch.is_due({file(1)}));
    EXPECT_FALSE(watch.is_due({file(1)}));
    EXPECT_FALSE(watch.is_due({file(1)}));
}

TEST(file_watch, a_change_is_due_once_when_it_was_seen_twice)
{
    file_watch watch = after_reading();
    EXPECT_FALSE(watch.is_due({file(3), file(2)}));
    EXPECT_TRUE(watch.is_due({file(3), file(2)}));
    EXPECT_FALSE(watch.is_due({file(3), file(2)}));
}

TEST(file_watch, a_certificate_and_then_its_key_are_due_together)
{
    file_watch watch = after_reading();
    EXPECT_FALSE(watch.is_due({file(3), file(2)}));
    EXPECT_FALSE(watch.is_due({file(3), file(4)}));
    EXPECT_TRUE(watch.is_due({file(3), file(4)}));
    EXPECT_FALSE(watch.is_due({file(3), file(4)}));
}

TEST(file_watch, each_part_of_a_sighting_is_a_change)
{
    for (const auto part : {&file_sighting::modified_nanoseconds,
                            &file_sighting::changed_nanoseconds, &file_sighting::size}) {
        file_watch watch = after_reading();
        file_sighting other = file(2);
        other.*part += 1;
        watch.is_due({file(1), other});
        EXPECT_TRUE(watch.is_due({file(1), other}));
    }
    for (const auto part : {&file_sighting::device, &file_sighting::inode}) {
        file_watch watch = after_reading();
        file_sighting other = file(2);
        other.*part += 1;
        watch.is_due({file(1), other});
        EXPECT_TRUE(watch.is_due({file(1), other}));
    }
}

TEST(file_watch, a_file_that_is_gone_for_one_look_is_no_change)
{
    file_watch watch = after_reading();
    EXPECT_FALSE(watch.is_due({missing, file(2)}));
    EXPECT_FALSE(watch.is_due({file(1), file(2)}));
    EXPECT_FALSE(watch.is_due({file(1), file(2)}));
}

TEST(file_watch, a_file_that_stays_away_is_a_change_and_so_is_its_return)
{
    file_watch watch = after_reading();
    EXPECT_FALSE(watch.is_due({missing, file(2)}));
    EXPECT_TRUE(watch.is_due({missing, file(2)}));
    EXPECT_FALSE(watch.is_due({missing, file(2)}));
    EXPECT_FALSE(watch.is_due({file(1), file(2)}));
    EXPECT_TRUE(watch.is_due({file(1), file(2)}));
}

TEST(file_watch, what_could_not_be_read_is_due_at_each_look_until_it_could)
{
    file_watch watch = after_reading();
    EXPECT_FALSE(watch.is_due({file(3), file(2)}));
    EXPECT_TRUE(watch.is_due({file(3), file(2)}));
    watch.try_again();
    EXPECT_TRUE(watch.is_due({file(3), file(2)}));
    watch.try_again();
    EXPECT_TRUE(watch.is_due({file(3), file(2)}));
    EXPECT_FALSE(watch.is_due({file(3), file(2)}));
}

TEST(file_watch, files_that_never_rest_are_due_when_patience_is_at_an_end)
{
    file_watch watch = after_reading();
    int due = 0;
    for (int look = 1; look <= 3 * file_watch::patience; ++look)
        due += watch.is_due({file(1, 100 + look), file(2)}) ? 1 : 0;
    EXPECT_EQ(due, 3);
}

class looking : public testing::Test {
protected:
    void write(const std::string& name, const std::string& text)
    {
        std::ofstream(folder_ / name) << text;
    }
    file_sighting look(const std::string& name) { return look_at({folder_ / name}).front(); }

    test::temporary_folder folder_;
};

TEST_F(looking, sees_a_file_and_its_replacement)
{
    write("a", "one");
    write("b", "two");
    const file_sighting before = look("a");
    EXPECT_EQ(before.error, 0);
    EXPECT_EQ(before.size, 3);
    EXPECT_GT(before.modified_nanoseconds, 1'700'000'000'000'000'000);
    EXPECT_EQ(look("a"), before);
    ASSERT_EQ(std::rename((folder_ / "b").c_str(), (folder_ / "a").c_str()), 0);
    EXPECT_NE(look("a"), before);
}

TEST_F(looking, sees_through_symbolic_links_at_any_step_of_the_path)
{
    ASSERT_EQ(::mkdir((folder_ / "..1").c_str(), 0700), 0);
    ASSERT_EQ(::mkdir((folder_ / "..2").c_str(), 0700), 0);
    write("..1/tls.crt", "one");
    write("..2/tls.crt", "two");
    ASSERT_EQ(::symlink("..1", (folder_ / "..data").c_str()), 0);
    ASSERT_EQ(::symlink("..data/tls.crt", (folder_ / "tls.crt").c_str()), 0);
    EXPECT_EQ(look("tls.crt"), look("..1/tls.crt"));
    ASSERT_EQ(::symlink("..2", (folder_ / "..tmp").c_str()), 0);
    ASSERT_EQ(std::rename((folder_ / "..tmp").c_str(), (folder_ / "..data").c_str()), 0);
    EXPECT_EQ(look("tls.crt"), look("..2/tls.crt"));
}

TEST_F(looking, says_why_there_is_nothing_to_see)
{
    EXPECT_EQ(look("none"), missing);
    write("file", "");
    EXPECT_EQ(look("file/below"), (file_sighting{.error = ENOTDIR}));
}

} // namespace
} // namespace ferrule::process
