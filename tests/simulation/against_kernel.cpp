// Plays scripts on the simulation's kernel and on the real one, step by step, and compares.
#include "simulation/two_kernels.hpp"

#include <poll.h>

#include <chrono>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace ferrule::simulation {

namespace {

/// How long the real kernel may need for what the simulation's says it does. Loopback and delayed
/// acknowledgements need some milliseconds; the rest is for a busy machine.
constexpr auto patience = std::chrono::seconds{20};

script_stage::beginning beginning_of(const std::string& script)
{
    if (script.starts_with("near connects; near"))
        return script_stage::beginning::is_refused;
    return script.starts_with("near connects") ? script_stage::beginning::connects
                                               : script_stage::beginning::connected;
}

/// What the real kernel says once it says the same; what it says at last if it never does.
std::string look_until(script_stage& real, const std::string& expected)
{
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        const std::string seen = real.look();
        if (seen == expected || std::chrono::steady_clock::now() > until)
            return seen;
        ::poll(nullptr, 0, 1);
    }
}

bool is_same(const std::string& script, bool is_told)
{
    const auto how = beginning_of(script);
    const auto simulated = make_simulated_stage(how);
    const auto real = make_real_stage(how);
    std::ostringstream story;
    story << script << "\n";
    bool same = true;
    const auto compare = [&](const std::string& what, const std::string& model,
                             const std::string& kernel) {
        story << "    " << what << ": " << model << "\n";
        if (model != kernel)
            story << "      the real kernel: " << kernel << "\n";
        same = same && model == kernel;
    };
    const auto look = [&] {
        const std::string expected = simulated->look();
        compare("then", expected, look_until(*real, expected));
    };
    look();
    for (const script_step& step : parse_script(script)) {
        if (!same)
            break;
        const std::string said = simulated->perform(step);
        compare(step.who + " " + step.what, said, real->perform(step));
        look();
    }
    if (!same || is_told)
        std::cout << (same ? "" : "DIFFERENT: ") << story.str() << std::flush;
    return same;
}

} // namespace

std::vector<script_step> parse_script(const std::string& text)
{
    std::vector<script_step> steps;
    std::istringstream all{text};
    for (std::string part; std::getline(all, part, ';');) {
        std::istringstream words{part};
        script_step step;
        if (!(words >> step.who >> step.what) || (step.who != "near" && step.who != "far"))
            throw std::invalid_argument("not a step: " + part);
        words >> step.amount;
        steps.push_back(step);
    }
    return steps;
}

std::size_t compare_kernels(std::size_t random, std::uint64_t seed, bool is_told)
{
    std::size_t different = 0;
    for (const std::string& script : kernel_scripts())
        different += is_same(script, is_told) ? 0 : 1;
    for (std::size_t i = 0; i < random; ++i) {
        dice chance{seed + i};
        different += is_same(random_script(chance), is_told) ? 0 : 1;
    }
    std::cout << kernel_scripts().size() << " scripts and " << random
              << " random ones on both kernels, " << different << " different\n";
    return different;
}

} // namespace ferrule::simulation
