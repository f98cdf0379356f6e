// Plays the steps of a script on one kernel.
#include "base/check.hpp"
#include "net/address.hpp"
#include "simulation/two_kernels.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <utility>

namespace ferrule::simulation {

namespace {

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

script_stage::~script_stage()
{
    CHECK(!near_->is_open() && far_ < 0, "a stage is cleared");
}

void script_stage::adopt_near(int descriptor)
{
    near_number_ = descriptor;
    CHECK(near_->adopt(descriptor, false, events_, owner_) == 0, "near is watched");
}

std::string script_stage::release_all()
{
    if (near_->is_open())
        near_->abort();
    if (far_ >= 0)
        ::close(std::exchange(far_, -1));
    return {};
}

std::string script_stage::look()
{
    enter();
    events_.collect();
    // A window that opened late: full is what stays full.
    if (is_full_ && near_->is_open() &&
        (poll_mask(near_number_) & (POLLOUT | POLLHUP | POLLERR)) == POLLOUT)
        fill();
    std::ostringstream text;
    // Once a queue was full, what near has sent is not measured: kernels count their own overhead.
    const auto side = [&](const char* name, int descriptor, bool in, bool out) {
        int unacknowledged = 0;
        ioctl(descriptor, SIOCOUTQ, &unacknowledged);
        text << name << mask_text(poll_mask(descriptor));
        if (in)
            text << "in=" << waiting_input(descriptor);
        if (out)
            text << " out=" << unacknowledged;
    };
    if (near_->is_open()) {
        side("near: ", near_number_, true, is_measured_);
        text << (near_->is_readable() ? " readable" : "")
             << (near_->is_writable() ? " writable" : "")
             << (near_->has_hung_up() ? " hung_up" : "") << (near_->has_failed() ? " failed" : "");
    }
    if (far_ >= 0)
        side("; far: ", far_, is_measured_, true);
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
        return near_->last_error() == 0 ? std::string{}
                                        : std::string(" ") + std::strerror(near_->last_error());
    };
    std::vector<std::byte> room(std::max<std::size_t>(step.amount, 1));
    if (step.what == "connects") {
        const int result =
            near_->connect(net::address::ip("127.0.0.1", port_).value(), events_, owner_);
        near_number_ = last_socket();
        return std::strerror(result);
    }
    if (step.what == "asks") {
        const int result = near_->connected();
        return std::strerror(result) + error();
    }
    if (step.what == "writes") {
        const net::write_result done = near_->write(room);
        written_ += done.bytes;
        const char* words[] = {"taken", "blocked", "broken"};
        return std::to_string(done.bytes) + " " + words[static_cast<std::size_t>(done.state)] +
               error();
    }
    if (step.what == "reads") {
        const net::read_result got = near_->read(room);
        const char* words[] = {"bytes", "blocked", "FIN", "RST"};
        return std::to_string(got.bytes) + " " + words[static_cast<std::size_t>(got.state)] +
               error();
    }
    if (step.what == "fills")
        return fill();
    is_full_ = false;
    if (step.what == "finishes")
        near_->finish();
    else if (step.what == "aborts")
        near_->abort();
    else if (step.what == "releases")
        near_->release(false);
    else if (step.what == "dies")
        near_.emplace(); // closed without a word
    return error();
}

std::string script_stage::fill()
{
    is_measured_ = false;
    const std::vector<std::byte> much(65'536);
    for (int times = 0; times < 10'000; ++times) {
        enter();
        const net::write_result done = near_->write(much);
        written_ += done.bytes;
        if (done.state == net::write_state::broken)
            return "broken";
        if (done.state == net::write_state::blocked && !has_room_at_last(near_number_)) {
            is_full_ = true;
            return "full";
        }
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
    is_full_ = false;
    std::vector<std::byte> room(65'536);
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
