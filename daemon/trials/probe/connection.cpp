#include "trials/probe/connection.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace ferrule::probe {

namespace {

using base::milliseconds;

/// Small reads: the probe takes what comes as a modest client would.
constexpr std::size_t read_size = 4096;

/// When a server is asked to stop by our leaving: in bytes, and in timeouts.
constexpr std::uint64_t most_bytes = 64ULL * 1024 * 1024;
constexpr int most_timeouts = 4;

constexpr std::size_t shown_bytes = 40;

std::string reason_of(int error)
{
    return std::generic_category().message(error);
}

/// The first line of what came, with nothing in it that a terminal would obey.
std::string printable(std::string_view bytes)
{
    std::string text;
    for (const char each : bytes.substr(0, bytes.find_first_of("\r\n")))
        text += each >= ' ' && each <= '~' ? each : '.';
    return text;
}

} // namespace

connection::connection(const connection_options& options, observed& seen)
    : options_{options}, seen_{seen}, tls_{options.tls}, start_{base::clock::now()}
{
}

connection::~connection()
{
    if (socket_.is_open())
        socket_.release(false);
}

milliseconds connection::now() const
{
    return std::chrono::duration_cast<milliseconds>(base::clock::now() - start_);
}

bool connection::fail(std::string why)
{
    seen_.trouble = std::move(why);
    seen_.watched = now();
    return false;
}

bool connection::open(const net::address& to)
{
    if (!connect(to))
        return false;
    seen_.how_far = reached::tcp;
    if (!shake_hands())
        return false;
    seen_.how_far = reached::tls;
    seen_.cipher = tls_.cipher();
    seen_.alpn = tls_.alpn();
    start_ = base::clock::now();
    return true;
}

bool connection::connect(const net::address& to)
{
    net::descriptor made{::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!made.is_open())
        return fail(reason_of(errno));
    // Before connecting: the window is told with the first segment (tcp(7)).
    if (options_.receive_buffer > 0)
        setsockopt(made.get(), SOL_SOCKET, SO_RCVBUF, &options_.receive_buffer, sizeof(int));
    if (::connect(made.get(), to.data(), to.size()) != 0 && errno != EINPROGRESS)
        return fail("cannot connect: " + reason_of(errno));
    if (const int error = socket_.adopt(made.release(), false, events_, *this); error != 0)
        return fail(reason_of(error));
    socket_.set_stream_options();
    socket_.watch_for_silence(net::keepalive_below(base::off));
    const base::time_point until = base::clock::now() + options_.timeout;
    int error = socket_.connected();
    while (error == EINPROGRESS && wait_for_events(until))
        error = socket_.connected();
    if (error == EINPROGRESS)
        return fail("cannot connect: no answer for " + base::to_text(options_.timeout));
    return error == 0 || fail("cannot connect: " + reason_of(error));
}

bool connection::shake_hands()
{
    const base::time_point until = base::clock::now() + options_.timeout;
    while (true) {
        const tls::handshake_progress progress = tls_.handshake();
        flush();
        if (progress == tls::handshake_progress::done)
            return true;
        if (progress == tls::handshake_progress::failed) {
            if (!tls_.alert().empty())
                return fail("handshake refused: alert " + tls_.alert());
            return fail("handshake failed: " + tls_.detail() + "; the server began with '" +
                        printable(first_bytes_) + "'");
        }
        if (is_over())
            return fail(seen_.fin.has_value() ? "closed (FIN) before the handshake was done"
                                              : "reset (RST) before the handshake was done");
        if (!read_some() && !wait_for_events(until))
            return fail("no TLS: the server says nothing for " + base::to_text(options_.timeout));
    }
}

void connection::say(std::string_view text)
{
    if (!tls_.write(std::as_bytes(std::span{text})))
        seen_.trouble = tls_.detail();
    flush();
}

std::vector<std::byte> connection::make_close_notify()
{
    flush();
    return tls_.finish() ? tls_.take_out() : std::vector<std::byte>{};
}

void connection::say_close_notify()
{
    tls_.finish();
    seen_.our_close_notify = now();
    flush();
}

void connection::say_fin()
{
    const base::time_point until = base::clock::now() + options_.timeout;
    while (!unsent_.empty() && !has_failed_to_send_ && wait_for_events(until))
        flush();
    socket_.finish();
    seen_.our_fin = now();
}

void connection::send(std::span<const std::byte> ciphertext)
{
    unsent_.insert(unsent_.end(), ciphertext.begin(), ciphertext.end());
    flush();
}

void connection::flush()
{
    const std::vector<std::byte> made = tls_.take_out();
    unsent_.insert(unsent_.end(), made.begin(), made.end());
    if (unsent_.empty() || has_failed_to_send_)
        return;
    const net::write_result written = socket_.write(unsent_);
    unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(written.bytes));
    has_failed_to_send_ = written.state == net::write_state::broken;
}

void connection::watch(const std::function<bool()>& is_over)
{
    const base::time_point enough = base::clock::now() + most_timeouts * options_.timeout;
    while (!is_over()) {
        const base::time_point begun = base::clock::now();
        if (begun >= enough || seen_.bytes >= most_bytes) {
            seen_.is_cut_short = true;
            break;
        }
        if (!wait_for_more(options_.timeout))
            break;
    }
    seen_.watched = now();
}

bool connection::wait_for_more(milliseconds at_most)
{
    const base::time_point until = base::clock::now() + at_most;
    do {
        flush();
        if (read_some())
            return true;
    } while (!is_over() && wait_for_events(until));
    return false;
}

void connection::wait_until_gone(milliseconds at_most)
{
    const base::time_point until = base::clock::now() + at_most;
    while (!is_gone() && wait_for_events(until)) {
    }
}

/// Until the socket can do something that it could not, or `until`. False if the time is over.
bool connection::wait_for_events(base::time_point until)
{
    const auto left = std::chrono::ceil<milliseconds>(until - base::clock::now());
    if (left.count() <= 0)
        return false;
    pollfd waiting{.fd = events_.native(), .events = POLLIN, .revents = 0};
    const int count = ::poll(&waiting, 1, static_cast<int>(left.count()));
    events_.collect();
    queue_.run_once();
    return count != 0;
}

/// True if bytes came or an end did.
bool connection::read_some()
{
    if (is_over())
        return false;
    std::array<std::byte, read_size> room{};
    const net::read_result result = socket_.read(room);
    const auto ciphertext = std::span{room}.first(result.bytes);
    if (first_bytes_.size() < shown_bytes)
        first_bytes_.append(reinterpret_cast<const char*>(room.data()),
                            std::min(result.bytes, shown_bytes));
    if (!ciphertext.empty()) {
        if (seen_.how_far == reached::tls)
            decrypt(ciphertext);
        else
            tls_.put_in(ciphertext);
    }
    note_end(result.state);
    return result.bytes > 0 || is_over();
}

void connection::note_end(net::read_state state)
{
    if (state == net::read_state::fin)
        seen_.fin = now();
    if (state == net::read_state::reset)
        seen_.reset = now();
}

void connection::decrypt(std::span<const std::byte> ciphertext)
{
    if (seen_.close_notify.has_value() || seen_.failed.has_value())
        return; // what follows the end of TLS says nothing
    tls_.put_in(ciphertext);
    std::array<std::byte, read_size> room{};
    while (true) {
        const tls::read_result result = tls_.read(room);
        seen_.bytes += result.bytes;
        switch (result.progress) {
        case tls::read_progress::more: continue;
        case tls::read_progress::blocked: return;
        case tls::read_progress::close_notify: seen_.close_notify = now(); return;
        case tls::read_progress::failed:
            seen_.failed = now();
            seen_.trouble =
                tls_.alert().empty() ? "TLS error: " + tls_.detail() : "alert " + tls_.alert();
            return;
        }
    }
}

} // namespace ferrule::probe
