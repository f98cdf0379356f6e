// simulation --against-kernel [--sessions N] [--seed S] [--trace]: scripts of socket operations,
// and N random ones, on the simulation's kernel and on the real one.
//
// simulation [--sessions N] [--seed S] [--trace] [--keep-going]: N sessions with the seeds S,
// S + 1, …, each judged by the oracle. Exit code 1 if one of them was not told truly: then its
// seed, the trace of its events, and the broken rules are printed. Used by tests and by hand.
#include "simulation/oracle.hpp"
#include "simulation/two_kernels.hpp"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

namespace {

namespace record = ferrule::record;
namespace simulation = ferrule::simulation;
using simulation::dice;

struct order {
    std::uint64_t sessions = 10'000;
    std::uint64_t seed = 1;
    bool trace = false;
    bool goes_on = false; ///< counts violations instead of stopping at the first
    bool against_kernel = false;
};

order order_of(int count, char** words)
{
    order made;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        const bool has_value = i + 1 < count;
        if (word == "--trace") {
            made.trace = true;
        } else if (word == "--against-kernel") {
            made.against_kernel = true;
        } else if (word == "--keep-going") {
            made.goes_on = true;
        } else if (word == "--sessions" && has_value) {
            made.sessions = std::strtoull(words[++i], nullptr, 10);
        } else if (word == "--seed" && has_value) {
            made.seed = std::strtoull(words[++i], nullptr, 10);
        } else {
            std::cerr << "usage: simulation [--against-kernel] [--sessions N] [--seed S] [--trace]"
                         " [--keep-going]\n";
            std::exit(2);
        }
    }
    return made;
}

struct result {
    std::vector<std::string> violations;
    record::ended_session told;
};

result play(simulation::workshop& with, std::uint64_t seed, std::vector<std::string>* trace)
{
    simulation::seed_openssl(seed);
    dice chance{seed};
    const simulation::scenario plan = make_scenario(chance);
    simulation::theatre stage{with, plan, chance, trace};
    stage.play();
    if (stage.seen().died != simulation::never)
        return {judge_death(stage), {}};
    if (stage.seen().records.empty())
        return {{"E4: the session never ends"}, {}};
    return {simulation::oracle{stage}.judge(), stage.told()};
}

void print(const result& of, std::uint64_t seed, const std::vector<std::string>& trace)
{
    for (const std::string& line : trace)
        std::cout << line << "\n";
    const record::ended_session& told = of.told;
    std::cout << "seed " << seed << ": cause=" << to_text(told.cause)
              << " second=" << to_text(told.second) << " client_act=" << to_text(told.client_act)
              << " backend_act=" << to_text(told.backend_act)
              << " outcome=" << to_text(told.outcome) << " bytes=" << told.bytes[0] << "/"
              << told.bytes[1] << " lost=" << told.lost[0] << "/" << told.lost[1] << "\n";
    for (const std::string& each : of.violations)
        std::cout << "VIOLATION " << each << "\n";
    std::cout << std::flush;
}

} // namespace

int main(int count, char** words)
{
    const order asked = order_of(count, words);
    if (asked.against_kernel)
        return simulation::compare_kernels(asked.sessions, asked.seed, asked.trace) == 0 ? 0 : 1;
    simulation::seed_openssl(0);
    simulation::workshop with;
    // Contexts and tickets are made before the first session, so that no seed depends on another.
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION})
        simulation::client::prepare(version);
    const auto begun = std::chrono::steady_clock::now();
    std::uint64_t bad = 0;
    std::map<std::string, std::uint64_t> endings;
    for (std::uint64_t i = 0; i < asked.sessions; ++i) {
        const std::uint64_t seed = asked.seed + i;
        std::vector<std::string> trace;
        result got = play(with, seed, asked.trace ? &trace : nullptr);
        ++endings[std::string(to_text(got.told.cause)) + " " +
                  std::string(to_text(got.told.outcome))];
        if (got.violations.empty() && !asked.trace)
            continue;
        if (trace.empty()) // the same again, with its trace
            got = play(with, seed, &trace);
        print(got, seed, trace);
        bad += got.violations.empty() ? 0 : 1;
        if (bad > 0 && !asked.goes_on) {
            std::cout << "found after " << i + 1 << " sessions\n";
            return 1;
        }
    }
    for (const auto& [what, times] : endings)
        std::cout << times << " " << what << "\n";
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    std::cout << asked.sessions << " sessions, seeds " << asked.seed << " to "
              << asked.seed + asked.sessions - 1 << ", " << bad << " violations, " << took.count()
              << " s\n";
    return bad == 0 ? 0 : 1;
}
