// What of a configuration an expectation depends on, and which of it somebody chose.

#include "server/selftest_expectation.hpp"

namespace ferrule::server {

circumstances circumstances_of(trial row, const config::settings& played)
{
    const config::listener_settings& listener = played.listeners.front();
    constexpr base::milliseconds long_enough{500};
    constexpr std::uint64_t many_enough = 8192;
    return {listener.shutdown.rules, length_of_bound(row, played, listener),
            listener.shutdown.linger >= long_enough &&
                listener.shutdown.linger_bytes >= many_enough};
}

std::vector<std::string> choices_behind(trial row, const circumstances& given)
{
    const ending::rules defaults;
    std::vector<std::string> found;
    const auto look = [&](auto ending::rules::*option, const char* name) {
        circumstances otherwise = given;
        otherwise.rules.*option = defaults.*option;
        if (expected(row, otherwise) != expected(row, given))
            found.push_back(std::string{name} + ": " +
                            std::string{ending::to_text(given.rules.*option)});
    };
    look(&ending::rules::mode, "mode");
    look(&ending::rules::half_close, "half_close");
    look(&ending::rules::on_client_truncation, "on_client_truncation");
    look(&ending::rules::on_client_reset, "on_client_reset");
    look(&ending::rules::on_backend_reset, "on_backend_reset");
    look(&ending::rules::on_proxy_end, "on_proxy_end");
    return found;
}

} // namespace ferrule::server
