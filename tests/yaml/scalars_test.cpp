#include "yaml/scalars.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace ferrule::yaml {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

TEST(numbers, are_decimal_digits)
{
    EXPECT_EQ(parse_number("0").value, 0u);
    EXPECT_EQ(parse_number("4096").value, 4096u);
    EXPECT_EQ(parse_number("18446744073709551615").value, most);
}

TEST(numbers, that_do_not_fit_are_out_of_any_range)
{
    EXPECT_EQ(parse_number("18446744073709551616").value, most);
    EXPECT_EQ(parse_number(std::string(1000, '9')).value, most);
}

TEST(numbers, with_a_leading_zero_are_refused_because_yaml_reads_octal)
{
    const auto result = parse_number("010");
    EXPECT_FALSE(result.value);
    EXPECT_EQ(result.problem, "begins with 0");
    EXPECT_EQ(result.fix, "write 10: YAML takes 010 for an octal number");
    EXPECT_EQ(parse_number("000").fix, "write 0: YAML takes 000 for an octal number");
}

TEST(numbers, are_nothing_else)
{
    for (const char* text :
         {"", " 1", "1 ", "+1", "-1", "1.0", "1e3", "0x10", "1_000", "one", "0b1"})
        EXPECT_FALSE(parse_number(text).value) << text;
}

TEST(durations, have_the_units_ms_s_m_and_h)
{
    EXPECT_EQ(parse_duration("250ms").value, 250ms);
    EXPECT_EQ(parse_duration("5s").value, 5s);
    EXPECT_EQ(parse_duration("10m").value, 10min);
    EXPECT_EQ(parse_duration("24h").value, 24h);
    EXPECT_EQ(parse_duration("0s").value, 0s);
    EXPECT_EQ(parse_duration("90m").value, 90min);
}

TEST(durations, may_be_sums_from_large_to_small)
{
    EXPECT_EQ(parse_duration("1m30s").value, 90s);
    EXPECT_EQ(parse_duration("1h2m3s4ms").value, 1h + 2min + 3s + 4ms);
    EXPECT_FALSE(parse_duration("30s1m").value);
    EXPECT_FALSE(parse_duration("1s1s").value);
    EXPECT_EQ(parse_duration("30s1m").fix, "units go from large to small, each once: 1m30s");
}

TEST(durations, need_a_unit)
{
    EXPECT_EQ(parse_duration("30").problem, "has no unit");
    EXPECT_EQ(parse_duration("30").fix, "ms, s, m or h must follow, such as 30s");
    EXPECT_EQ(parse_duration("1m30").problem, "has no unit");
    EXPECT_EQ(parse_duration("0").problem, "has no unit");
}

TEST(durations, refuse_leading_zeros_in_every_part)
{
    EXPECT_EQ(parse_duration("010s").problem, "begins with 0");
    EXPECT_EQ(parse_duration("1m05s").problem, "begins with 0");
}

TEST(durations, are_nothing_else)
{
    for (const char* text : {"", "s", "5 s", "5sec", "1d", "1.5s", "-5s", "+5s", "5S", "5s ", "5s,",
                             "off", "1m 30s", "5\xc2\xb5s"})
        EXPECT_FALSE(parse_duration(text).value) << text;
}

TEST(durations, that_do_not_fit_are_out_of_any_range)
{
    EXPECT_EQ(parse_duration("9223372036854775807ms").value, base::milliseconds::max());
    EXPECT_EQ(parse_duration("9223372036854775808ms").value, base::milliseconds::max());
    EXPECT_EQ(parse_duration("99999999999999999999h").value, base::milliseconds::max());
    EXPECT_EQ(parse_duration("18446744073709551615ms1ms").value, std::nullopt);
    EXPECT_EQ(parse_duration("18446744073709551615h59m").value, base::milliseconds::max());
}

TEST(durations, are_written_as_they_are_read)
{
    for (const char* text : {"0s", "1ms", "1500ms", "90s", "5m", "24h", "168h"})
        EXPECT_EQ(duration_text(*parse_duration(text).value), text);
}

TEST(sizes, have_binary_units)
{
    EXPECT_EQ(parse_size("0B").value, 0u);
    EXPECT_EQ(parse_size("512B").value, 512u);
    EXPECT_EQ(parse_size("64KiB").value, 65536u);
    EXPECT_EQ(parse_size("1MiB").value, 1048576u);
    EXPECT_EQ(parse_size("1GiB").value, 1073741824u);
}

TEST(sizes, need_a_unit)
{
    EXPECT_EQ(parse_size("65536").problem, "has no unit");
    EXPECT_EQ(parse_size("65536").fix, "B, KiB, MiB or GiB must follow, such as 65536B");
}

TEST(sizes, are_nothing_else)
{
    for (const char* text :
         {"", "B", "1MB", "1kb", "1K", "1 MiB", "1MiB1KiB", "1.5MiB", "-1B", "01B"})
        EXPECT_FALSE(parse_size(text).value) << text;
}

TEST(sizes, that_do_not_fit_are_out_of_any_range)
{
    EXPECT_EQ(parse_size("17179869184GiB").value, most);
    EXPECT_EQ(parse_size("99999999999999999999B").value, most);
}

TEST(sizes, are_written_as_they_are_read)
{
    for (const char* text : {"0B", "1B", "1023B", "64KiB", "1025KiB", "1MiB", "1GiB"})
        EXPECT_EQ(size_text(*parse_size(text).value), text);
}

TEST(fixes, do_not_repeat_endless_digits)
{
    const std::string digits(100'000, '7');
    EXPECT_LT(parse_duration(digits).fix.size(), 100u);
    EXPECT_LT(parse_size(digits).fix.size(), 100u);
    EXPECT_LT(parse_number("0" + digits).fix.size(), 100u);
}

} // namespace
} // namespace ferrule::yaml
