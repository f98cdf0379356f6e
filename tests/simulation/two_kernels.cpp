// The two kernels that a script is played on.
#include "simulation/two_kernels.hpp"

#include "support/loopback.hpp"

#include <linux/sockios.h>

#include <algorithm>

namespace ferrule::simulation {

namespace {

constexpr std::size_t buffer_bytes = 65'536;

class real_stage final : public script_stage {
public:
    explicit real_stage(beginning how)
    {
        enter();
        if (how == beginning::connected) {
            test::connection made = test::make_tcp_connection(buffer_bytes);
            far_ = dup(made.far.native());
            test::set_non_blocking(far_);
            net::socket::arm(made.near.get());
            adopt_near(made.near.release());
            return;
        }
        listener_ = net::descriptor{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(where);
        auto* const address = reinterpret_cast<sockaddr*>(&where);
        // Bound and not listening, a port refuses.
        if (::bind(listener_.get(), address, size) != 0 ||
            (how == beginning::connects && ::listen(listener_.get(), 1) != 0) ||
            getsockname(listener_.get(), address, &size) != 0)
            test::fail("listen");
        port_ = ntohs(where.sin_port);
        is_listening_ = how == beginning::connects;
    }
    ~real_stage() override
    {
        enter();
        release_all();
    }

private:
    void enter() override { current_kernel() = nullptr; }
    std::uint32_t poll_mask(int descriptor) override
    {
        pollfd asked{.fd = descriptor, .events = POLLIN | POLLOUT | POLLRDHUP, .revents = 0};
        ::poll(&asked, 1, 0);
        return static_cast<std::uint32_t>(asked.revents);
    }
    std::size_t waiting_input(int descriptor) override
    {
        int count = 0;
        ioctl(descriptor, FIONREAD, &count);
        return static_cast<std::size_t>(count);
    }
    void await_input(int descriptor) override { test::is_ready(descriptor, POLLIN); }
    bool has_room_at_last(int descriptor) override
    {
        // Full is a queue of which everything that was sent is acknowledged: the rest finds no room
        // in the peer's window.
        for (int times = 0; times < 10'000; ++times) {
            int unacknowledged = 0;
            int unsent = 0;
            ioctl(descriptor, SIOCOUTQ, &unacknowledged);
            ioctl(descriptor, SIOCOUTQNSD, &unsent);
            if ((poll_mask(descriptor) & POLLOUT) != 0)
                return true;
            if (unacknowledged == unsent)
                return false;
            ::poll(nullptr, 0, 1);
        }
        return false;
    }
    int accept() override
    {
        if (!is_listening_ || !test::is_ready(listener_.get(), POLLIN))
            return -1;
        return ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK);
    }

    net::descriptor listener_;
    bool is_listening_ = false;
};

class simulated_stage final : public script_stage {
public:
    explicit simulated_stage(beginning how)
    {
        enter();
        kernel_.proxy_send_limit = kernel_.proxy_window = buffer_bytes;
        kernel_.backend_send_limit = kernel_.backend_window = buffer_bytes;
        kernel_.servers = {how == beginning::connects ? server_manner::accepts
                                                      : server_manner::refuses};
        port_ = 1; // the first server
        if (how != beginning::connected)
            return;
        far_ = kernel_.make_endpoint("far", buffer_bytes, buffer_bytes);
        const int near = kernel_.make_endpoint("near", buffer_bytes, buffer_bytes);
        kernel_.join(far_, near);
        kernel_.at(near).resets_at_close = true;
        adopt_near(near);
    }
    ~simulated_stage() override
    {
        enter();
        release_all();
        current_kernel() = nullptr;
    }

private:
    void enter() override
    {
        current_kernel() = &kernel_;
        while (const auto next = kernel_.next()) {
            kernel_.now = std::max(kernel_.now, *next);
            kernel_.step();
        }
    }
    std::uint32_t poll_mask(int descriptor) override { return kernel_.poll(descriptor); }
    std::size_t waiting_input(int descriptor) override
    {
        return kernel_.at(descriptor).received.size();
    }
    void await_input(int) override { enter(); }
    bool has_room_at_last(int descriptor) override
    {
        enter();
        return (kernel_.poll(descriptor) & POLLOUT) != 0;
    }
    int accept() override
    {
        enter();
        return kernel_.accepted.empty() ? -1 : kernel_.accepted.front();
    }

    dice chance_{1};
    kernel kernel_{chance_, time_point{std::chrono::hours{1}}};
};

} // namespace

std::unique_ptr<script_stage> make_real_stage(script_stage::beginning how)
{
    return std::make_unique<real_stage>(how);
}

std::unique_ptr<script_stage> make_simulated_stage(script_stage::beginning how)
{
    return std::make_unique<simulated_stage>(how);
}

} // namespace ferrule::simulation
