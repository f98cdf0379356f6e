// The fields of /status.json, as docs/metrics.md lists them.
#include "base/json.hpp"
#include "base/version.hpp"
#include "metrics/registry.hpp"
#include "record/json.hpp"
#include "record/session_records.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

namespace ferrule::metrics {
namespace {

namespace json = boost::json;
using test::lossy_session;

constexpr auto to_backend = static_cast<std::size_t>(ending::direction::to_backend);
constexpr auto to_client = static_cast<std::size_t>(ending::direction::to_client);

json::value at(const registry& numbers, const char* pointer)
{
    return json::parse(numbers.status()).at_pointer(pointer);
}

/// A registry that has something in every list.
void fill(registry& numbers)
{
    auto& web = numbers.of_listener(0, "web");
    web.sessions_started.add(7);
    web.sessions_ended[static_cast<std::size_t>(ending::cause::backend_reset)]
                      [static_cast<std::size_t>(ending::outcome::lost)]
                          .add(2);
    numbers.of_server(0, "app", "127.0.0.1:80").connects.add(5);
    numbers.set_certificate("web", {"CN=example.org", "04D2", 1'800'000'000});
    numbers.endings().note(lossy_session());
}

TEST(status, says_the_state_of_the_process)
{
    registry numbers{1};
    EXPECT_EQ(at(numbers, "/schema"), 1);
    EXPECT_EQ(at(numbers, "/process/state"), "starting");
    numbers.process().ready = true;
    EXPECT_EQ(at(numbers, "/process/state"), "ready");
    numbers.process().draining = true;
    EXPECT_EQ(at(numbers, "/process/state"), "draining");
    EXPECT_EQ(at(numbers, "/process/version").as_string(), std::string(base::version));

    numbers.process().last_reload_ok = false;
    numbers.process().reloads_failed = 3;
    numbers.process().last_reload_seconds = 1'800'000'000.5;
    EXPECT_EQ(at(numbers, "/process/last_reload/good"), false);
    EXPECT_EQ(at(numbers, "/process/last_reload/failed"), 3);
    EXPECT_EQ(at(numbers, "/process/last_reload/loaded_at_seconds"), 1'800'000'000.5);
}

TEST(status, sums_what_workers_count_for_a_listener)
{
    registry numbers{2};
    for (int worker = 0; worker < 2; ++worker) {
        auto& web = numbers.of_listener(worker, "web");
        web.sessions_started.add(9);
        web.sessions_open.add(4);
        web.sessions_half_closed.add(3);
        web.sessions_closing.add(2);
        web.bytes[to_backend].add(100);
        web.bytes[to_client].add(200);
        web.lost_bytes[to_client].add(5);
        web.unconfirmed_bytes[to_backend].add(4);
        for (std::size_t result = 0; result < handshake_results; ++result)
            web.handshakes[result].add(result + 1);
    }
    EXPECT_EQ(at(numbers, "/listeners/0"),
              json::parse(R"({"name":"web","configured":false,"started":18,"open":8,
                              "half_closed":6,"closing":4,
                              "handshakes":{"ok":2,"failed":4,"timeout":6,"aborted":8,"ended":10},
                              "bytes":{"to_backend":200,"to_client":400},
                              "lost_bytes":{"to_backend":0,"to_client":10},
                              "unconfirmed_bytes":{"to_backend":8,"to_client":0}})"));
    numbers.set_certificate("web", {"CN=a", "1", 0});
    EXPECT_EQ(at(numbers, "/listeners/0/configured"), true);
}

TEST(status, has_servers_and_certificates)
{
    registry numbers{1};
    fill(numbers);
    numbers.of_server(0, "app", "127.0.0.1:80").connect_failures.add(6);
    EXPECT_EQ(at(numbers, "/servers"), json::parse(R"([{"backend":"app","server":"127.0.0.1:80",
                               "connects":{"ok":5,"failed":6}}])"));
    EXPECT_EQ(at(numbers, "/certificates"),
              json::parse(R"([{"listener":"web","subject":"CN=example.org","serial":"04D2",
                               "not_after_seconds":1800000000.0}])"));
}

TEST(status, sums_endings_over_listeners_and_leaves_out_what_never_happened)
{
    registry numbers{1};
    fill(numbers);
    numbers.of_listener(0, "mail")
        .sessions_ended[static_cast<std::size_t>(ending::cause::backend_reset)]
                       [static_cast<std::size_t>(ending::outcome::lost)]
        .add(3);
    EXPECT_EQ(at(numbers, "/endings"),
              json::parse(R"([{"cause":"backend_reset","outcome":"lost","sessions":5}])"));
}

TEST(status, tells_the_last_endings_as_the_log_does)
{
    registry numbers{1};
    fill(numbers);
    EXPECT_EQ(at(numbers, "/recent_endings/0"), record::to_json(lossy_session()));
}

TEST(status, is_json_and_utf8_whatever_clients_have_sent)
{
    registry numbers{1};
    record::ended_session odd = lossy_session();
    const std::string bytes("\"\\\0</script>\x01\xff\xc3\x28\n", 17);
    odd.sni = bytes;
    odd.detail = bytes;
    numbers.endings().note(odd);
    const std::string expected("\"\\\0</script>\x01\xef\xbf\xbd\xef\xbf\xbd\x28\n", 21);
    EXPECT_EQ(at(numbers, "/recent_endings/0/sni").as_string(), expected);
    EXPECT_EQ(at(numbers, "/recent_endings/0/detail").as_string(), expected);
    numbers.set_certificate("web", {"CN=\xff", "1", 0});
    EXPECT_EQ(at(numbers, "/certificates/0/subject"), "CN=\xef\xbf\xbd");
}

TEST(status, has_no_more_than_a_hundred_endings)
{
    registry numbers{1};
    for (std::uint64_t id = 0; id < 250; ++id) {
        record::ended_session ended = lossy_session();
        ended.session_id = id;
        numbers.endings().note(ended);
    }
    EXPECT_EQ(at(numbers, "/recent_endings").as_array().size(), 100u);
    EXPECT_EQ(at(numbers, "/recent_endings/0/session"), 249);
}

/// The paths of all values, lists as "[]": "listeners[].handshakes.ok".
void collect(const json::value& value, const std::string& path, std::set<std::string>& into)
{
    if (const auto* object = value.if_object()) {
        for (const auto& [key, member] : *object)
            collect(member, path + (path.empty() ? "" : ".") + std::string(key), into);
    } else if (const auto* array = value.if_array()) {
        for (const json::value& item : *array)
            collect(item, path + "[]", into);
    } else {
        into.insert(path);
    }
}

TEST(status, the_manual_names_every_field_and_no_other)
{
    registry numbers{1};
    fill(numbers);
    std::set<std::string> made;
    collect(json::parse(numbers.status()), "", made);

    std::ifstream manual(std::string(FERRULE_SOURCE_DIR) + "/docs/metrics.md");
    std::set<std::string> documented;
    bool is_there = false;
    for (std::string line; std::getline(manual, line);) {
        if (line.starts_with("#"))
            is_there = line == "### Fields of /status.json";
        if (!is_there || !line.starts_with("| `"))
            continue;
        // The first column names fields in backticks, one or several.
        const std::size_t column = line.find(" | ", 2);
        for (auto begin = line.find('`'); begin < column; begin = line.find('`', begin)) {
            const auto end = line.find('`', begin + 1);
            documented.insert(line.substr(begin + 1, end - begin - 1));
            begin = end + 1;
        }
    }
    EXPECT_EQ(documented, made);
}

} // namespace
} // namespace ferrule::metrics
