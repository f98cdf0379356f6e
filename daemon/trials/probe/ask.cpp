#include "trials/probe/ask.hpp"

#include "trials/probe/connection.hpp"

#include <algorithm>
#include <thread>

namespace ferrule::probe {

namespace {

using base::milliseconds;

/// A window this small leaves the end of a long answer in the server's kernel.
constexpr int small_window = 4096;

/// How long we do not read, so that the server is done with us before we are with it.
constexpr milliseconds pause{250};

void ask_goodbye(connection& to, observed& seen, const request& asked)
{
    to.say(asked.text);
    to.watch([&] { return to.is_over(); });
    if (!seen.close_notify.has_value() || !seen.fin.has_value())
        return;
    // Does it wait for our goodbye? Only a segment of ours can tell: a socket that is closed
    // answers it with an RST. So the first bytes of our close_notify go out one by one over the
    // timeout; before the last byte it is no record yet, and no reason to end. They are few, since
    // each may begin the time anew for which a server waits.
    const std::vector<std::byte> goodbye = to.make_close_notify();
    if (goodbye.empty())
        return;
    const std::size_t last = std::min<std::size_t>(goodbye.size() - 1, 3);
    for (std::size_t next = 0; next < last && !to.is_gone(); ++next) {
        to.send(std::span{goodbye}.subspan(next, 1));
        to.wait_until_gone(asked.timeout / static_cast<int>(last));
    }
    seen.watched = to.now();
    if (to.is_gone())
        seen.gone = seen.watched;
    else
        to.send(std::span{goodbye}.subspan(last));
}

void ask_answer(connection& to)
{
    to.say_close_notify();
    to.watch([&] { return to.is_over(); });
}

void ask_half_close(connection& to, const request& asked)
{
    to.say(asked.text);
    to.say_close_notify();
    to.watch([&] { return to.is_over(); });
}

void ask_cut(connection& to, const request& asked)
{
    to.say(std::string_view{asked.text}.substr(0, asked.text.size() / 2));
    to.say_fin();
    to.watch([&] { return to.is_over(); });
}

void ask_last_bytes(connection& to, const observed& seen, const request& asked)
{
    to.say(asked.text);
    to.watch([&] { return seen.bytes > 0 || to.is_over(); });
    // Pieces of our close_notify: input for its kernel, but no record for its TLS.
    const std::vector<std::byte> goodbye = to.make_close_notify();
    const auto piece = [&](std::size_t number) {
        if (number < goodbye.size())
            to.send(std::span{goodbye}.subspan(number, 1));
    };
    piece(0);
    std::this_thread::sleep_for(pause);
    piece(1);
    std::this_thread::sleep_for(pause);
    to.watch([&] { return to.is_over(); });
    if (goodbye.size() > 2)
        to.send(std::span{goodbye}.subspan(2));
}

} // namespace

observed ask(const step& next, const request& asked, const net::address& where)
{
    observed seen;
    seen.asked = next.asked;
    seen.version = next.version;
    connection_options options;
    options.tls.version = next.version == tls_version::tls12 ? 0x0303 : 0x0304;
    options.tls.server_name = asked.server_name;
    options.tls.alpn = asked.alpn;
    options.timeout = asked.timeout;
    options.receive_buffer = next.asked == question::last_bytes ? small_window : 0;

    connection to{options, seen};
    if (!to.open(where))
        return seen;
    switch (next.asked) {
    case question::goodbye: ask_goodbye(to, seen, asked); break;
    case question::answer: ask_answer(to); break;
    case question::half_close: ask_half_close(to, asked); break;
    case question::cut: ask_cut(to, asked); break;
    case question::last_bytes: ask_last_bytes(to, seen, asked); break;
    }
    return seen;
}

} // namespace ferrule::probe
