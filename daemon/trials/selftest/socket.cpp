#include "trials/selftest/socket.hpp"

#include <poll.h>

#include <algorithm>

namespace ferrule::selftest {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr base::seconds send_bound{1};

int milliseconds_until(base::time_point until)
{
    const auto left = std::chrono::ceil<base::milliseconds>(until - base::clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

} // namespace

void selftest_socket::connect(std::uint16_t port, int receive_buffer)
{
    socket_.open(tcp::v4());
    if (receive_buffer > 0)
        socket_.set_option(asio::socket_base::receive_buffer_size{receive_buffer});
    socket_.connect({asio::ip::address_v4::loopback(), port});
    socket_.set_option(tcp::no_delay{true});
    socket_.non_blocking(true);
}

bool selftest_socket::accept(tcp::acceptor& from, base::time_point until)
{
    pollfd asked{from.native_handle(), POLLIN, 0};
    if (::poll(&asked, 1, milliseconds_until(until)) <= 0)
        return false;
    error_code error;
    from.accept(socket_, error);
    if (error)
        return false;
    socket_.set_option(tcp::no_delay{true}, error); // a connection that is reset already has none
    socket_.non_blocking(true);
    return true;
}

bool selftest_socket::wait(short what, base::time_point until, short& got)
{
    pollfd asked{socket_.native_handle(), what, 0};
    const bool came = ::poll(&asked, 1, milliseconds_until(until)) > 0;
    got = asked.revents;
    return came;
}

bool selftest_socket::send(std::span<const std::byte> bytes)
{
    const base::time_point until = base::clock::now() + send_bound;
    while (!bytes.empty()) {
        error_code error;
        const std::size_t sent =
            socket_.write_some(asio::const_buffer{bytes.data(), bytes.size()}, error);
        bytes = bytes.subspan(sent);
        short got = 0;
        if (error && error != asio::error::would_block) {
            // The failed write has taken the error away: what reading calls an end is none.
            is_broken_ = true;
            if (end_ == seen_end::fin)
                end_ = seen_end::fin_then_rst;
            return false;
        }
        if (error && !wait(POLLOUT, until, got))
            return false;
    }
    return true;
}

void selftest_socket::finish()
{
    error_code late;
    socket_.shutdown(tcp::socket::shutdown_send, late);
}

void selftest_socket::reset()
{
    error_code late;
    socket_.set_option(asio::socket_base::linger{true, 0}, late);
    socket_.close(late);
    end_ = seen_end::not_looked;
}

std::span<const std::byte> selftest_socket::receive(base::time_point until)
{
    short got = 0;
    if (end_ != seen_end::nothing || !wait(POLLIN, until, got))
        return {};
    error_code error;
    const std::size_t count =
        socket_.read_some(asio::mutable_buffer{room_.data(), room_.size()}, error);
    if (error == asio::error::eof)
        end_ = is_broken_ ? seen_end::reset : seen_end::fin;
    else if (error && error != asio::error::would_block)
        end_ = seen_end::reset;
    return {room_.data(), count};
}

void selftest_socket::wait_without_reading(base::time_point until)
{
    short got = 0;
    wait(0, until, got);
}

/// The kernel reports a reset behind a FIN as an error of the socket: there is nothing to read.
void selftest_socket::look_for_reset(base::time_point until)
{
    short got = 0;
    if (end_ == seen_end::fin && wait(0, until, got) && (got & POLLERR) != 0)
        end_ = seen_end::fin_then_rst;
}

} // namespace ferrule::selftest
