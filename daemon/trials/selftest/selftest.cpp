#include "trials/selftest/selftest.hpp"

#include "base/thread.hpp"
#include "tls/self_signed.hpp"
#include "trials/selftest/scripts.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

namespace ferrule::selftest {

namespace {

/// Most rows wait rather than work.
constexpr std::size_t at_a_time = 16;

struct task {
    const config::listener_settings* listener;
    selftest_row* row;
};

void play_and_judge(const config::settings& settings, const task& given) noexcept
{
    selftest_row& row = *given.row;
    const config::settings played = settings_for(row.what, settings, *given.listener, 0);
    const circumstances around = circumstances_of(row.what, played);
    row.bound_key = bound_of(row.what, *given.listener);
    row.bound = length_of_bound(row.what, settings, *given.listener);
    row.played_bound = around.bound;
    row.wanted = expected(row.what, around);
    row.choices = choices_behind(row.what, around);
    try {
        row.seen = play(row.what, settings, *given.listener, row.tls_version);
    } catch (const std::exception& error) {
        row.seen.trouble = error.what();
    }
    row.wrong = differences(row.wanted, row.seen);
}

bool has_unix_server(const config::settings& settings, const std::string& backend)
{
    return std::any_of(settings.backends.begin(), settings.backends.end(), [&](const auto& each) {
        return each.name == backend &&
               std::any_of(each.servers.begin(), each.servers.end(), [](const auto& server) {
                   return server.type == config::endpoint::kind::unix_socket;
               });
    });
}

selftest_listener rows_of(const config::settings& settings,
                          const config::listener_settings& listener)
{
    selftest_listener result;
    result.name = listener.name;
    result.backend = listener.route.backend;
    result.has_unix_server = has_unix_server(settings, listener.route.backend);
    for (const int version : {0x0303, 0x0304}) {
        if (version < listener.tls.min_version || version > listener.tls.max_version)
            continue;
        for (const trial each : all_trials) {
            if (!is_played(each, listener, version))
                continue;
            selftest_row row;
            row.what = each;
            row.tls_version = version;
            result.rows.push_back(std::move(row));
        }
    }
    return result;
}

} // namespace

bool selftest_report::is_good() const
{
    return std::all_of(listeners.begin(), listeners.end(), [](const selftest_listener& each) {
        return std::all_of(each.rows.begin(), each.rows.end(),
                           [](const selftest_row& row) { return row.wrong.empty(); });
    });
}

config::settings selftest_settings()
{
    tls::key_pair made = tls::make_self_signed(1);
    config::listener_settings listener;
    listener.name = "default";
    listener.tls.certificate_pem = std::move(made.certificate_pem);
    listener.tls.key_pem = std::move(made.key_pem);
    listener.route.backend = "default";

    config::settings settings;
    settings.backends.push_back({listener.route.backend, {}});
    settings.listeners.push_back(std::move(listener));
    return settings;
}

selftest_report run_selftest(const config::settings& settings)
{
    selftest_report report;
    report.file = settings.file;
    for (const config::listener_settings& each : settings.listeners)
        report.listeners.push_back(rows_of(settings, each));

    std::vector<task> tasks; // the rows are all made: they stay where they are
    for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
        for (selftest_row& row : report.listeners[i].rows)
            tasks.push_back({&settings.listeners[i], &row});
    }
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> players;
    for (std::size_t i = 0; i < std::min(at_a_time, tasks.size()); ++i) {
        players.push_back(base::start_thread("selftest", [&] {
            for (std::size_t mine = next++; mine < tasks.size(); mine = next++)
                play_and_judge(settings, tasks[mine]);
        }));
    }
    for (std::thread& each : players)
        each.join();
    return report;
}

} // namespace ferrule::selftest
