#include "simulation/scenario.hpp"

#include <openssl/ssl.h>

#include <algorithm>

namespace ferrule::simulation {

using namespace std::chrono_literals;
using base::microseconds;

namespace {

microseconds any_gap(dice& chance)
{
    const std::size_t roll = chance.below(100);
    const auto up_to = [&](std::size_t most) {
        return microseconds{static_cast<long>(chance.below(most))};
    };
    if (roll < 35)
        return 0us;
    if (roll < 55)
        return up_to(200);
    if (roll < 70)
        return up_to(5'000);
    if (roll < 82)
        return up_to(100'000);
    if (roll < 92)
        return up_to(3'000'000);
    if (roll < 97)
        return up_to(20'000'000);
    return up_to(100'000'000);
}

std::size_t any_size(dice& chance)
{
    const std::size_t roll = chance.below(100);
    if (roll < 60)
        return chance.between(1, 500);
    if (roll < 85)
        return chance.between(500, 12'000);
    return chance.between(12'000, 60'000);
}

template <typename Duration>
Duration any_of(dice& chance, std::initializer_list<Duration> all)
{
    return all.begin()[chance.below(all.size())];
}

void choose_shutdown(dice& chance, scenario& made)
{
    config::shutdown_settings& chosen = made.shutdown;
    if (!chance.one_in(3)) {
        chosen.rules.mode = chance.choice<ending::mode>(3);
        chosen.rules.half_close = chance.choice<ending::half_close>(2);
        chosen.rules.on_client_truncation = chance.choice<ending::client_policy>(2);
        chosen.rules.on_client_reset = chance.choice<ending::client_policy>(2);
        chosen.rules.on_backend_reset = chance.choice<ending::backend_policy>(2);
        chosen.rules.on_proxy_end = chance.choice<ending::proxy_policy>(3);
    }
    if (chance.one_in(2))
        return;
    chosen.timeout = any_of(chance, {500ms, 1000ms, 5000ms, 20'000ms});
    chosen.half_close_timeout = any_of(chance, {1000ms, 5000ms, 60'000ms});
    chosen.stall_timeout = any_of(chance, {1000ms, 5000ms, 30'000ms});
    chosen.linger = any_of(chance, {100ms, 2000ms, 10'000ms});
    chosen.linger_bytes = chance.one_in(2) ? 1024 : 1024 * 1024;
    chosen.deadline = std::max(chosen.stall_timeout,
                               any_of<base::milliseconds>(chance, {3000ms, 20'000ms, 300'000ms}));
}

void choose_timeouts(dice& chance, scenario& made)
{
    if (chance.one_in(2))
        return;
    made.timeouts.handshake = any_of(chance, {1000ms, 10'000ms});
    made.timeouts.connect = any_of(chance, {500ms, 5000ms});
    made.timeouts.idle =
        any_of<base::milliseconds>(chance, {2000ms, 5000ms, 30'000ms, 600'000ms, base::off});
    made.timeouts.lifetime =
        any_of<base::milliseconds>(chance, {base::off, base::off, 5000ms, 120'000ms});
}

void choose_network(dice& chance, scenario& made)
{
    made.network.latency = any_of<microseconds>(chance, {0us, 50us, 50us, 2000us, 40'000us});
    made.network.jitter = any_of<microseconds>(chance, {0us, 100us, 5000us});
    made.network.acknowledgement_delay = any_of<microseconds>(chance, {0us, 0us, 1000us, 40'000us});
    made.network.is_choppy = chance.one_in(2);
    made.network.is_short_of_memory = chance.one_in(50);
    const auto any_buffer = [&] {
        return any_of<std::size_t>(chance, {4096, 16'384, 65'536, 262'144, 262'144});
    };
    made.client_window = any_buffer();
    made.backend_window = any_buffer();
    made.proxy_window = any_buffer();
    made.send_limit = any_buffer();
    const std::size_t roll = chance.below(100);
    if (roll < 85) {
        made.servers = {server_manner::accepts};
        return;
    }
    const std::size_t count = chance.below(4);
    for (std::size_t i = 0; i < count; ++i)
        made.servers.push_back(chance.one_in(40) ? server_manner::no_descriptor
                                                 : chance.choice<server_manner>(5));
    made.connect_delay = base::milliseconds{static_cast<long>(chance.below(6000))};
}

/// Sends and pauses, and then an end.
void choose_plan(dice& chance, std::vector<planned>& plan, bool is_client)
{
    const std::size_t steps = chance.below(6);
    for (std::size_t i = 0; i < steps; ++i) {
        const std::size_t roll = chance.below(100);
        act what = act::sends;
        if (roll >= 90)
            what = act::reads_on;
        else if (roll >= 82)
            what = act::gulps;
        else if (roll >= 72)
            what = act::stops_reading;
        else if (roll >= 68 && is_client)
            what = act::updates_key;
        plan.push_back({any_gap(chance), what, any_size(chance)});
    }
    const auto then = [&](act what) { plan.push_back({any_gap(chance), what, 0}); };
    const std::size_t roll = chance.below(100);
    if (roll < 8) {
        then(act::resets);
    } else if (roll < 14) {
        then(act::closes);
    } else if (roll < 22) {
        then(act::fin);
    } else if (roll < 25 && is_client) {
        const act all[] = {act::spoils, act::half_record, act::half_message, act::breaks_off};
        then(chance.of(all));
        then(chance.one_in(2) ? act::fin : act::reads_on);
    } else if (roll < 27) {
        then(act::vanishes);
    } else if (roll < 34) {
        then(act::reads_on); // and never ends by itself
    } else {
        if (is_client)
            then(act::goodbye);
        if (!is_client || !chance.one_in(4))
            then(act::fin);
    }
    if (chance.one_in(5))
        then(chance.one_in(2) ? act::sends : act::closes);
    if (chance.one_in(3))
        then(act::reads_on);
}

void choose_trouble(dice& chance, scenario& made)
{
    if (chance.one_in(12)) {
        const act all[] = {act::resets, act::fin, act::closes, act::stops_reading, act::vanishes};
        made.early.push_back({any_gap(chance), chance.of(all), 0});
        if (chance.one_in(2))
            made.early.push_back({any_gap(chance), act::reads_on, 0});
    }
    made.says_garbage = chance.one_in(100);
    made.never_begins = chance.one_in(100);
    const std::size_t roll = chance.below(100);
    if (roll < 10)
        made.operation.push_back({any_gap(chance) + any_gap(chance), act::kills, 0});
    else if (roll < 20)
        made.operation.push_back({any_gap(chance) + any_gap(chance), act::drains,
                                  chance.one_in(2) ? 0 : chance.below(30'000)});
    else if (roll < 24)
        made.operation.push_back({any_gap(chance), act::ends_at_once, 0});
    else if (roll < 28)
        made.operation.push_back({any_gap(chance), act::stands_still, 0});
    else if (roll < 31)
        made.operation.push_back({any_gap(chance), act::dies, 0});
}

} // namespace

std::string_view to_text(act value)
{
    switch (value) {
    case act::sends: return "sends";
    case act::goodbye: return "says close_notify";
    case act::fin: return "sends FIN";
    case act::resets: return "resets";
    case act::closes: return "closes";
    case act::spoils: return "sends a spoiled record";
    case act::half_record: return "sends half a record";
    case act::half_message: return "sends half a message";
    case act::breaks_off: return "sends half a message and close_notify";
    case act::updates_key: return "updates its key";
    case act::stops_reading: return "stops reading";
    case act::gulps: return "gulps";
    case act::reads_on: return "reads on";
    case act::vanishes: return "vanishes";
    case act::kills: return "kills";
    case act::drains: return "drains";
    case act::ends_at_once: return "ends at once";
    case act::stands_still: return "stands still";
    case act::dies: return "kills the process";
    }
    return "?";
}

scenario make_scenario(dice& chance)
{
    scenario made;
    choose_shutdown(chance, made);
    choose_timeouts(chance, made);
    choose_network(chance, made);
    made.version = chance.one_in(2) ? TLS1_2_VERSION : TLS1_3_VERSION;
    made.resumes = !chance.one_in(10);
    if (chance.one_in(3))
        made.greeting = any_size(chance) / 4 + 1;
    made.leaves_at_once = chance.one_in(15);
    choose_plan(chance, made.client, true);
    choose_plan(chance, made.backend, false);
    made.backend_waits_for_bytes = chance.one_in(2);
    choose_trouble(chance, made);
    return made;
}

} // namespace ferrule::simulation
