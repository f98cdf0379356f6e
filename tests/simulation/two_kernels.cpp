// The two kernels that a script is played on.
#include "simulation/two_kernels.hpp"

#include "base/check.hpp"
#include "net/address.hpp"
#include "support/loopback.hpp"

#include <linux/sockios.h>

#include <algorithm>
#include <sstream>

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
        // tcp(7): an acknowledgement is delayed by 200 ms at most (TCP_DELACK_MAX).
        pollfd asked{.fd = descriptor, .events = POLLOUT, .revents = 0};
        return ::poll(&asked, 1, 250) == 1;
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

std::string mask_text(std::uint32_t mask)
{
    std::string text;
    for (const auto& [bit, name] : {std::pair<unsigned, const char*>{POLLIN, "IN "},
                                    {POLLOUT, "OUT "},
                                    {POLLRDHUP, "RDHUP "},
                                    {POLLHUP, "HUP "},
                                    {POLLERR, "ERR "}})
        text += (mask & bit) != 0 ? name : "";
    return text;
}

std::string outcome_of(ssize_t result)
{
    return result >= 0 ? std::to_string(result) : std::strerror(errno);
}

} // namespace

std::unique_ptr<script_stage> make_real_stage(script_stage::beginning how)
{
    return std::make_unique<real_stage>(how);
}

std::unique_ptr<script_stage> make_simulated_stage(script_stage::beginning how)
{
    return std::make_unique<simulated_stage>(how);
}

script_stage::~script_stage()
{
    CHECK(!near_.is_open() && far_ < 0, "a stage is cleared");
}

void script_stage::adopt_near(int descriptor)
{
    near_number_ = descriptor;
    CHECK(near_.adopt(descriptor, false, events_, owner_) == 0, "near is watched");
}

std::string script_stage::release_all()
{
    if (near_.is_open())
        near_.abort();
    if (far_ >= 0)
        ::close(std::exchange(far_, -1));
    return {};
}

std::string script_stage::look()
{
    enter();
    events_.collect();
    std::ostringstream text;
    const auto side = [&](const char* name, int descriptor) {
        int unacknowledged = 0;
        ioctl(descriptor, SIOCOUTQ, &unacknowledged);
        text << name << mask_text(poll_mask(descriptor));
        if (is_measured_)
            text << "in=" << waiting_input(descriptor) << " out=" << unacknowledged;
    };
    if (near_.is_open()) {
        side("near: ", near_number_);
        text << (near_.is_readable() ? " readable" : "") << (near_.is_writable() ? " writable" : "")
             << (near_.has_hung_up() ? " hung_up" : "") << (near_.has_failed() ? " failed" : "");
    }
    if (far_ >= 0)
        side("; far: ", far_);
    return text.str();
}

std::string script_stage::perform(const script_step& step)
{
    enter();
    return step.who == "near" ? near(step) : far(step);
}

std::string script_stage::near(const script_step& step)
{
    const auto error = [&] {
        return near_.last_error() == 0 ? std::string{}
                                       : std::string(" ") + std::strerror(near_.last_error());
    };
    std::vector<std::byte> room(std::max<std::size_t>(step.amount, 1));
    if (step.what == "connects") {
        const int result =
            near_.connect(net::address::ip("127.0.0.1", port_).value(), events_, owner_);
        near_number_ = last_socket();
        return std::strerror(result);
    }
    if (step.what == "asks") {
        const int result = near_.connected();
        return std::strerror(result) + error();
    }
    if (step.what == "writes") {
        const net::write_result done = near_.write(room);
        written_ += done.bytes;
        const char* words[] = {"taken", "blocked", "broken"};
        return std::to_string(done.bytes) + " " + words[static_cast<std::size_t>(done.state)] +
               error();
    }
    if (step.what == "reads") {
        const net::read_result got = near_.read(room);
        const char* words[] = {"bytes", "blocked", "FIN", "RST"};
        return std::to_string(got.bytes) + " " + words[static_cast<std::size_t>(got.state)] +
               error();
    }
    if (step.what == "fills")
        return fill();
    if (step.what == "finishes")
        near_.finish();
    else if (step.what == "aborts")
        near_.abort();
    else if (step.what == "releases")
        near_.release();
    return error();
}

std::string script_stage::fill()
{
    is_measured_ = false;
    const std::vector<std::byte> much(buffer_bytes);
    for (int times = 0; times < 10'000; ++times) {
        enter();
        const net::write_result done = near_.write(much);
        written_ += done.bytes;
        if (done.state == net::write_state::broken)
            return "broken";
        if (done.state == net::write_state::blocked && !has_room_at_last(near_number_))
            return "full";
    }
    return "never full";
}

std::string script_stage::far(const script_step& step)
{
    std::vector<std::byte> room(std::max<std::size_t>(step.amount, 1));
    if (step.what == "accepts") {
        far_ = accept();
        return far_ >= 0 ? "accepted" : "nobody comes";
    }
    if (step.what == "writes")
        return outcome_of(::send(far_, room.data(), room.size(), MSG_NOSIGNAL));
    if (step.what == "reads") {
        const ssize_t count = ::recv(far_, room.data(), room.size(), 0);
        taken_ += count > 0 ? static_cast<std::size_t>(count) : 0;
        return outcome_of(count);
    }
    if (step.what == "drains")
        return drain();
    if (step.what == "finishes")
        return outcome_of(::shutdown(far_, SHUT_WR));
    if (step.what == "resets") {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        setsockopt(far_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
    ::close(std::exchange(far_, -1));
    return "closed";
}

/// Reads everything that near has written, or to an end.
std::string script_stage::drain()
{
    std::vector<std::byte> room(buffer_bytes);
    while (taken_ < written_) {
        await_input(far_);
        const ssize_t count = ::recv(far_, room.data(), room.size(), 0);
        if (count <= 0)
            return count == 0 ? "FIN too early" : std::strerror(errno);
        taken_ += static_cast<std::size_t>(count);
    }
    return "everything";
}

} // namespace ferrule::simulation
