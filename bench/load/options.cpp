#include "options.hpp"

#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace load {
namespace {

constexpr const char* help = R"(usage: load COMMAND [OPTION]...

Puts a load on a TLS proxy whose backend is this program, and prints what it cost as one line of
JSON. The proxy has to be there already, and to connect to 127.0.0.1 at the port of --backend.

  handshake   whole sessions: connect, handshake, 64 bytes echoed, close_notify, the proxy's end
  down        downloads: bytes from the backend to the client
  up          uploads
  ping        messages that are echoed, one at a time in each session
  mix         ping beside downloads (--bulk of them)
  idle        idle sessions, what they cost, and then all ended at once by the backend
  relay       not a load but a proxy: a plain relay from the port of --proxy to that of --backend
  crypto      what OpenSSL alone costs the server, without sockets (--certificate, --key)

  --proxy PORT      where the proxy listens, on 127.0.0.1
  --backend PORT    where this program listens as the backend
  --watch PID       the proxy's process; its CPU and memory are read with those of its children.
                    May stand more than once
  --tls 1.3|1.2|off the version; off: plain TCP
  --resume          handshake, crypto: offer the newest session ticket
  --seconds N       how long the load lasts (2)
  --sessions N      at a time: handshake 32, down and up 8, ping 64, mix 8, idle 3000
  --bulk N          mix: downloads (8)
  --size N          ping, mix: bytes in a message (64)

All figures are of the CPU time of the watched processes between the first byte of the load and the
last; sessions of down, up, ping and mix are there before, and end after it.
)";

[[noreturn]] void refuse(const std::string& what)
{
    std::fprintf(stderr, "load: %s; load --help says more\n", what.c_str());
    std::exit(2);
}

double number(const std::string& name, const char* text, double highest)
{
    char* end = nullptr;
    const double value = text == nullptr ? -1 : std::strtod(text, &end);
    if (text == nullptr || end == text || *end != '\0' || value < 0 || value > highest)
        refuse(name + " needs a number of at most " + std::to_string(static_cast<long>(highest)));
    return value;
}

} // namespace

options parse(int count, char** arguments)
{
    options chosen;
    for (int each = 1; each < count; ++each) {
        const std::string name = arguments[each];
        if (name == "--help") {
            std::fputs(help, stdout);
            std::exit(0);
        }
        if (name.rfind("--", 0) != 0) {
            chosen.command = name;
            continue;
        }
        if (name == "--resume") {
            chosen.is_resuming = true;
            continue;
        }
        const char* value = each + 1 < count ? arguments[++each] : nullptr;
        const auto count_of = [&](double highest) {
            return static_cast<std::size_t>(number(name, value, highest));
        };
        if (name == "--proxy")
            chosen.proxy = static_cast<std::uint16_t>(count_of(65535));
        else if (name == "--backend")
            chosen.backend = static_cast<std::uint16_t>(count_of(65535));
        else if (name == "--watch")
            chosen.watched.push_back(static_cast<pid_t>(count_of(1e9)));
        else if (name == "--seconds")
            chosen.seconds = number(name, value, 3600);
        else if (name == "--sessions")
            chosen.sessions = count_of(1e6);
        else if (name == "--bulk")
            chosen.bulk_sessions = count_of(1e6);
        else if (name == "--size")
            chosen.size = count_of(1024 * 1024);
        else if (value == nullptr)
            refuse(name + " is not known, or has no value");
        else if (name == "--tls")
            chosen.tls = value;
        else if (name == "--certificate")
            chosen.certificate = value;
        else if (name == "--key")
            chosen.key = value;
        else
            refuse(name + " is not known");
    }
    if (chosen.tls != "1.3" && chosen.tls != "1.2" && chosen.tls != "off")
        refuse("--tls is 1.3, 1.2 or off");
    return chosen;
}

} // namespace load
