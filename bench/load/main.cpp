// The load generator of bench/run. `load --help` says what it can do.
#include "fail.hpp"
#include "run.hpp"

#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <set>

namespace {

/// Two descriptors for each session, so as many as are allowed.
void allow_descriptors()
{
    rlimit limit{};
    load::require(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    load::require(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
}

} // namespace

int main(int count, char** arguments)
{
    const auto chosen = load::parse(count, arguments);
    std::signal(SIGPIPE, SIG_IGN);
    allow_descriptors();
    if (chosen.command == "relay")
        return load::run_relay(chosen);
    if (chosen.command == "crypto")
        return load::run_crypto(chosen);
    const std::set<std::string> loads = {"handshake", "down", "up", "ping", "mix", "idle"};
    if (loads.count(chosen.command) == 0) {
        std::fprintf(stderr, "load: no such command; load --help has them\n");
        return 2;
    }
    return load::run_load(chosen);
}
