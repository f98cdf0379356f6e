#include "commands/summary.hpp"

#include <algorithm>
#include <vector>

namespace ferrule::commands {

namespace {

std::string joined(const std::vector<config::endpoint>& endpoints)
{
    std::string text;
    for (const config::endpoint& each : endpoints)
        text += (text.empty() ? "" : ", ") + each.text();
    return text;
}

std::string listener_summary(const config::settings& settings,
                             const config::listener_settings& listener)
{
    const auto backend =
        std::find_if(settings.backends.begin(), settings.backends.end(),
                     [&](const auto& each) { return each.name == listener.route.backend; });
    const config::shutdown_settings& shutdown = listener.route.shutdown;
    const bool waits = shutdown.rules.mode == ending::mode::wait;

    std::string text = "listener " + listener.name + ": " + joined(listener.addresses) + " -> " +
                       listener.route.backend + " (" + joined(backend->servers) + ")\n";
    text += "  before an end: handshake " + base::to_text(listener.timeouts.handshake) +
            ", connect " + base::to_text(listener.timeouts.connect) + ", idle " +
            base::to_text(listener.timeouts.idle) + ", lifetime " +
            base::to_text(listener.timeouts.lifetime) + "\n";
    text +=
        "  shutdown mode " + std::string(ending::to_text(shutdown.rules.mode)) +
        (waits ? ": the client has " + base::to_text(shutdown.timeout) + " to answer close_notify"
               : std::string{}) +
        "\n";
    text += "  an ending takes at most " + base::to_text(longest_silent_ending(shutdown)) +
            " if the peers are silent; once neither source has more to give, at most " +
            base::to_text(shutdown.deadline) + " in any case\n";
    return text;
}

} // namespace

base::milliseconds longest_silent_ending(const config::shutdown_settings& options)
{
    // After the first end the other flow may be silent for one bound, its last bytes may wait for
    // the sink for another, and the goodbye may be unanswered for a third; the deadline cuts the
    // part that follows the second end.
    const bool waits = options.rules.mode == ending::mode::wait;
    const base::milliseconds answer =
        (waits ? options.timeout : base::milliseconds{0}) + options.linger;
    const base::milliseconds half_closed =
        options.rules.half_close == ending::half_close::close
            ? base::milliseconds{0}
            : options.stall_timeout + std::max(options.half_close_timeout,
                                               waits ? options.timeout : base::milliseconds{0});
    return half_closed + std::min(options.deadline, 2 * options.stall_timeout + answer);
}

std::string summary(const config::settings& settings)
{
    std::string text;
    for (const config::listener_settings& each : settings.listeners)
        text += listener_summary(settings, each);
    return text;
}

} // namespace ferrule::commands
