#include "trials/selftest/scene.hpp"

#include <stdexcept>
#include <thread>

namespace ferrule::selftest {

namespace asio = boost::asio;

namespace {

constexpr base::milliseconds look_interval{5};

} // namespace

// --- Ferrule -------------------------------------------------------------------------------------

selftest_proxy::selftest_proxy(const config::settings& settings)
    : log_{settings.log, 1, numbers_},
      deployment_{numbers_, 1, {}},
      worker_{0, log_, numbers_.process(), limit_}
{
    process::deployment::prepared prepared =
        deployment_.prepare(settings, backends::resolve_servers(settings.backends));
    limit_.set(prepared.max_sessions);
    deployment_.listen(prepared);
    port_ = prepared.workers.front().listeners.front().fresh.front().socket.where().port();
    worker_.start();
    worker_.apply(std::move(prepared.workers.front()));
    deployment_.commit(prepared);
}

void selftest_proxy::drain(const config::drain_settings& how)
{
    worker_.drain(how.timeout, how.spread, [](bool) {});
}

/// The log's own thread notes the session for the status page, which is where it is seen here.
std::optional<told_ending> selftest_proxy::told(base::time_point until)
{
    for (;;) {
        const auto ended = numbers_.endings().newest_first();
        if (!ended.empty()) {
            const record::ended_session& last = ended.front();
            return told_ending{last.cause, last.second, last.client_act, last.backend_act,
                               last.outcome};
        }
        if (base::clock::now() >= until)
            return std::nullopt;
        std::this_thread::sleep_for(look_interval);
    }
}

// --- the backend ---------------------------------------------------------------------------------

selftest_backend::selftest_backend()
{
    const asio::ip::tcp::endpoint any_port{asio::ip::address_v4::loopback(), 0};
    acceptor_.open(any_port.protocol());
    acceptor_.bind(any_port);
}

bool selftest_backend::accept(base::time_point until)
{
    connected_ = socket_.accept(acceptor_, until);
    return connected_;
}

void selftest_backend::receive(std::uint64_t bytes, base::time_point until)
{
    while (bytes_ < bytes && end() == seen_end::nothing && base::clock::now() < until)
        bytes_ += socket_.receive(until).size();
}

void selftest_backend::read_to_end(base::time_point until)
{
    while (end() == seen_end::nothing) {
        const std::size_t got = socket_.receive(until).size();
        bytes_ += got;
        if (got == 0 && base::clock::now() >= until)
            return;
    }
}

void selftest_backend::send(std::uint64_t bytes)
{
    socket_.send(std::vector<std::byte>(bytes, std::byte{'y'}));
}

sighting selftest_backend::seen() const
{
    return {bytes_, false, false, connected_ ? socket_.end() : seen_end::unconnected};
}

// --- the client ----------------------------------------------------------------------------------

void selftest_client::handshake(base::time_point until)
{
    tls_.handshake();
    flush();
    while (!tls_.is_established() && !tls_.has_failed() && end() == seen_end::nothing &&
           base::clock::now() < until)
        read_until(until);
}

void selftest_client::flush(bool spoil_last_byte)
{
    std::vector<std::byte> bytes = tls_.to_send();
    if (spoil_last_byte && !bytes.empty())
        bytes.back() ^= std::byte{1};
    if (!bytes.empty())
        socket_.send(bytes);
}

void selftest_client::goodbye()
{
    tls_.finish();
    flush();
    socket_.finish();
}

void selftest_client::receive(std::uint64_t bytes, base::time_point until)
{
    while (tls_.bytes() < bytes && end() == seen_end::nothing && base::clock::now() < until)
        read_until(until);
}

bool selftest_client::read_until(base::time_point until)
{
    const std::span<const std::byte> got = socket_.receive(until);
    if (got.empty())
        return false;
    tls_.take(got);
    if (!tls_.has_failed())
        flush();
    return true;
}

void selftest_client::read_to_end(base::time_point until)
{
    while (end() == seen_end::nothing) {
        if (!read_until(until) && base::clock::now() >= until)
            return;
    }
}

sighting selftest_client::seen() const
{
    return {tls_.bytes(), tls_.has_close_notify(), tls_.has_alert(), socket_.end()};
}

} // namespace ferrule::selftest
