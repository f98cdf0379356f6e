#include "base/version.hpp"
#include "metrics/exposition.hpp"
#include "metrics/registry.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <utility>
#include <vector>

namespace ferrule::metrics {
namespace {

using test::count_of;
using test::families_of;
using test::value_of;

template <typename Enum>
std::size_t index(Enum value)
{
    return static_cast<std::size_t>(value);
}

/// A registry in which every family has series.
void fill(registry& numbers)
{
    numbers.of_listener(0, "web");
    numbers.of_server(0, "app", "127.0.0.1:80");
    numbers.of_worker(0);
    numbers.set_certificate("web", {"CN=example.org", "04d2", 1'800'000'000});
    numbers.set_certificate_loaded("web", 1'700'000'000);
}

/// Every row's series has the row's value.
using rows = std::vector<std::pair<std::string, double>>;
void expect_values(const registry& numbers, const rows& expected)
{
    const std::string text = numbers.text();
    for (const auto& [series, value] : expected)
        EXPECT_EQ(value_of(text, series), value) << series;
}

TEST(families, numbers_of_sessions_and_bytes_have_series_of_their_own)
{
    registry numbers{1};
    auto& web = numbers.of_listener(0, "web");
    web.sessions_open.add(2);
    web.sessions_half_closed.add(3);
    web.sessions_closing.add(4);
    web.lost_bytes[index(ending::direction::to_backend)].add(5);
    web.lost_bytes[index(ending::direction::to_client)].add(6);
    web.unconfirmed_bytes[index(ending::direction::to_client)].add(7);
    web.undecrypted_bytes.add(37);
    web.bytes[index(ending::direction::to_backend)].add(7);
    web.bytes[index(ending::direction::to_client)].add(8);
    expect_values(numbers,
                  {{R"(ferrule_sessions_open{listener="web"})", 2},
                   {R"(ferrule_sessions_half_closed{listener="web"})", 3},
                   {R"(ferrule_sessions_closing{listener="web"})", 4},
                   {R"(ferrule_lost_bytes_total{listener="web",direction="to_backend"})", 5},
                   {R"(ferrule_lost_bytes_total{listener="web",direction="to_client"})", 6},
                   {R"(ferrule_unconfirmed_bytes_total{listener="web",direction="to_client"})", 7},
                   {R"(ferrule_undecrypted_bytes_total{listener="web"})", 37},
                   {R"(ferrule_bytes_total{listener="web",direction="to_backend"})", 7},
                   {R"(ferrule_bytes_total{listener="web",direction="to_client"})", 8}});
}

TEST(families, numbers_of_endings_have_series_of_their_own)
{
    registry numbers{1};
    auto& web = numbers.of_listener(0, "web");
    web.close_notify[index(close_notify_event::sent)].add(9);
    web.close_notify[index(close_notify_event::received)].add(10);
    web.close_notify[index(close_notify_event::missing)].add(11);
    web.close_notify[index(close_notify_event::timeout)].add(12);
    web.resets[index(ending::side::client)][0].add(13);
    web.resets[index(ending::side::client)][1].add(14);
    web.resets[index(ending::side::backend)][0].add(15);
    web.resets[index(ending::side::backend)][1].add(16);
    web.timeouts[index(shutdown_timeout::close_notify)].add(17);
    web.timeouts[index(shutdown_timeout::half_close)].add(18);
    web.timeouts[index(shutdown_timeout::stall)].add(19);
    web.timeouts[index(shutdown_timeout::deadline)].add(20);
    expect_values(
        numbers, {{R"(ferrule_close_notify_total{listener="web",event="sent"})", 9},
                  {R"(ferrule_close_notify_total{listener="web",event="received"})", 10},
                  {R"(ferrule_close_notify_total{listener="web",event="missing"})", 11},
                  {R"(ferrule_close_notify_total{listener="web",event="timeout"})", 12},
                  {R"(ferrule_resets_total{listener="web",side="client",direction="in"})", 13},
                  {R"(ferrule_resets_total{listener="web",side="client",direction="out"})", 14},
                  {R"(ferrule_resets_total{listener="web",side="backend",direction="in"})", 15},
                  {R"(ferrule_resets_total{listener="web",side="backend",direction="out"})", 16},
                  {R"(ferrule_shutdown_timeouts_total{listener="web",timeout="close_notify"})", 17},
                  {R"(ferrule_shutdown_timeouts_total{listener="web",timeout="half_close"})", 18},
                  {R"(ferrule_shutdown_timeouts_total{listener="web",timeout="stall"})", 19},
                  {R"(ferrule_shutdown_timeouts_total{listener="web",timeout="deadline"})", 20}});
}

TEST(families, numbers_of_handshakes_and_accepting_have_series_of_their_own)
{
    registry numbers{1};
    auto& web = numbers.of_listener(0, "web");
    web.handshakes[index(handshake_result::ok)].add(21);
    web.handshakes[index(handshake_result::failed)].add(22);
    web.handshakes[index(handshake_result::timeout)].add(23);
    web.handshakes[index(handshake_result::aborted)].add(24);
    web.handshakes[index(handshake_result::ended)].add(36);
    web.handshakes_by_version[0].add(25);
    web.handshakes_by_version[1].add(26);
    web.handshakes_resumed.add(27);
    web.accept_errors.add(28);
    web.accept_paused[index(accept_pause::descriptors)].add(29);
    web.accept_paused[index(accept_pause::memory)].add(30);
    web.accept_paused[index(accept_pause::sessions)].add(31);
    web.certificate_loads[index(load_result::ok)].add(32);
    web.certificate_loads[index(load_result::failed)].add(33);
    web.ticket_key_loads[index(load_result::ok)].add(34);
    web.ticket_key_loads[index(load_result::failed)].add(35);
    expect_values(numbers,
                  {{R"(ferrule_handshakes_total{listener="web",result="ok"})", 21},
                   {R"(ferrule_handshakes_total{listener="web",result="failed"})", 22},
                   {R"(ferrule_handshakes_total{listener="web",result="timeout"})", 23},
                   {R"(ferrule_handshakes_total{listener="web",result="aborted"})", 24},
                   {R"(ferrule_handshakes_total{listener="web",result="ended"})", 36},
                   {R"(ferrule_tls_sessions_total{listener="web",version="TLSv1.2"})", 25},
                   {R"(ferrule_tls_sessions_total{listener="web",version="TLSv1.3"})", 26},
                   {R"(ferrule_tls_resumptions_total{listener="web"})", 27},
                   {R"(ferrule_accept_errors_total{listener="web"})", 28},
                   {R"(ferrule_accept_paused_total{listener="web",reason="descriptors"})", 29},
                   {R"(ferrule_accept_paused_total{listener="web",reason="memory"})", 30},
                   {R"(ferrule_accept_paused_total{listener="web",reason="sessions"})", 31},
                   {R"(ferrule_certificate_loads_total{listener="web",result="ok"})", 32},
                   {R"(ferrule_certificate_loads_total{listener="web",result="failed"})", 33},
                   {R"(ferrule_ticket_key_loads_total{listener="web",result="ok"})", 34},
                   {R"(ferrule_ticket_key_loads_total{listener="web",result="failed"})", 35}});
}

TEST(families, buckets_are_cumulated_over_bounds_and_workers)
{
    registry numbers{2};
    const auto mode = index(ending::mode::notify);
    numbers.of_listener(0, "web").close_seconds[mode].observe(0.002);
    numbers.of_listener(0, "web").close_seconds[mode].observe(0.2);
    numbers.of_listener(1, "web").close_seconds[mode].observe(0.2);
    numbers.of_listener(1, "web").close_seconds[mode].observe(1000);
    const std::string text = numbers.text();
    const auto bucket = [&text](const std::string& bound) {
        return value_of(text,
                        R"(ferrule_session_close_seconds_bucket{listener="web",mode="notify",)"
                        "le=\"" +
                            bound + "\"}");
    };
    EXPECT_EQ(bucket("0.001"), 0);
    EXPECT_EQ(bucket("0.0025"), 1);
    EXPECT_EQ(bucket("0.1"), 1);
    EXPECT_EQ(bucket("0.25"), 3);
    EXPECT_EQ(bucket("300"), 3);
    EXPECT_EQ(bucket("+Inf"), 4);
    const std::string labels = R"({listener="web",mode="notify"})";
    EXPECT_EQ(value_of(text, "ferrule_session_close_seconds_count" + labels), 4);
    EXPECT_NEAR(*value_of(text, "ferrule_session_close_seconds_sum" + labels), 1000.402, 1e-6);
    EXPECT_EQ(value_of(text, R"(ferrule_session_close_seconds_count{listener="web",mode="wait"})"),
              0);
}

TEST(families, tries_to_connect_are_told_by_server_and_result)
{
    registry numbers{1};
    auto& server = numbers.of_server(0, "app", "[::1]:8080");
    server.connects.add(4);
    server.connect_failures.add();
    server.connect_seconds.observe(0.01);
    const std::string text = numbers.text();
    const std::string labels = R"({backend="app",server="[::1]:8080")";
    EXPECT_EQ(value_of(text, "ferrule_backend_connects_total" + labels + R"(,result="ok"})"), 4);
    EXPECT_EQ(value_of(text, "ferrule_backend_connects_total" + labels + R"(,result="failed"})"),
              1);
    EXPECT_EQ(value_of(text, "ferrule_backend_connect_seconds_count" + labels + "}"), 1);
}

TEST(families, the_state_of_the_process_is_told)
{
    registry numbers{2};
    auto& process = numbers.process();
    process.draining = true;
    process.reloads_ok = 2;
    process.reloads_failed = 1;
    process.last_reload_seconds = 1'790'000'000.5;
    process.last_reload_ok = false;
    process.log_lines_dropped = 4;
    process.session_lines_dropped = 10;
    process.traces_dropped = 1;
    numbers.of_worker(0).log_lines_dropped.add(20);
    numbers.of_worker(1).log_lines_dropped.add(30);
    numbers.of_worker(1).traces_dropped.add(7);
    const std::string text = numbers.text();
    EXPECT_EQ(value_of(text, "ferrule_draining"), 1);
    EXPECT_EQ(value_of(text, R"(ferrule_reloads_total{result="ok"})"), 2);
    EXPECT_EQ(value_of(text, R"(ferrule_reloads_total{result="failed"})"), 1);
    EXPECT_EQ(value_of(text, "ferrule_last_reload_timestamp_seconds"), 1'790'000'000.5);
    EXPECT_EQ(value_of(text, "ferrule_last_reload_success"), 0);
    EXPECT_EQ(value_of(text, R"(ferrule_log_lines_dropped_total{kind="message"})"), 4);
    EXPECT_EQ(value_of(text, R"(ferrule_log_lines_dropped_total{kind="session"})"), 60);
    EXPECT_EQ(value_of(text, R"(ferrule_log_lines_dropped_total{kind="trace"})"), 8);
    EXPECT_EQ(value_of(text, "ferrule_build_info{version=\"" + std::string(base::version) +
                                 "\",revision=\"" + std::string(base::revision) + "\"}"),
              1);
}

TEST(families, the_process_is_told_as_by_other_exporters)
{
    registry numbers{1};
    const std::string text = numbers.text();
    EXPECT_GT(value_of(text, "process_resident_memory_bytes"), 1e6);
    EXPECT_GE(value_of(text, "process_open_fds"), 3);
    EXPECT_GE(value_of(text, "process_max_fds"), value_of(text, "process_open_fds"));
    EXPECT_GE(value_of(text, "process_cpu_seconds_total"), 0);
    EXPECT_GT(value_of(text, "process_start_time_seconds"), 1.7e9);
    EXPECT_GE(value_of(text, "process_threads"), 1);
}

TEST(families, label_values_from_outside_are_escaped_and_valid)
{
    registry numbers{1};
    numbers.set_certificate("web", {"CN=\"a\\b\n\xFF", "1", 5});
    EXPECT_EQ(value_of(numbers.text(),
                       "ferrule_certificate_expiry_timestamp_seconds{listener=\"web\","
                       "subject=\"CN=\\\"a\\\\b\\n\xEF\xBF\xBD\",serial=\"1\"}"),
              5);
}

TEST(families, promtool_finds_nothing_to_complain_about)
{
    registry numbers{2};
    fill(numbers);
    numbers.of_listener(1, "mail \"quoted\"").close_seconds[0].observe(0.2);

    const test::temporary_folder folder;
    std::ofstream(folder / "metrics") << numbers.text();
    const std::string command =
        "promtool check metrics < " + (folder / "metrics") + " > " + (folder / "said") + " 2>&1";
    const int status = std::system(command.c_str());
    std::ifstream file(folder / "said");
    const std::string said{std::istreambuf_iterator<char>(file), {}};
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << said;
    EXPECT_EQ(said, "");
}

TEST(families, the_manual_names_every_metric_with_its_type_and_no_other)
{
    registry numbers{1};
    fill(numbers);
    const auto made = families_of(numbers.text());

    // Rows of the manual's tables: | `name` | type | ...
    std::ifstream manual(std::string(FERRULE_SOURCE_DIR) + "/docs/metrics.md");
    std::set<std::string> documented;
    for (std::string line; std::getline(manual, line);) {
        const auto name_end = line.find('`', 3);
        if (line.rfind("| `ferrule_", 0) != 0 && line.rfind("| `process_", 0) != 0)
            continue;
        const auto type = line.find("| ", name_end) + 2;
        documented.insert(line.substr(3, name_end - 3) + " " +
                          line.substr(type, line.find(' ', type) - type));
    }
    EXPECT_EQ(documented, made);
}

} // namespace
} // namespace ferrule::metrics
