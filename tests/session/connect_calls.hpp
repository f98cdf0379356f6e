// connect(2) where the machine is short of something, or the kernel's choice of a port is unlucky:
// the test program's own `connect` stands before the C library's. For one file of a program.
#pragma once

#include "net/address.hpp"
#include "support/loopback.hpp"

#include <dlfcn.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace ferrule::test {

/// What happens to connects to one address, while this lives.
class connect_trouble {
public:
    connect_trouble(const connect_trouble&) = delete;
    connect_trouble& operator=(const connect_trouble&) = delete;

    int times() const { return times_; } ///< how often it happened

    static connect_trouble*& current()
    {
        static connect_trouble* one = nullptr;
        return one;
    }
    bool is_about(const sockaddr* to, socklen_t size)
    {
        const bool is_it = size == where_.size() && std::memcmp(to, where_.data(), size) == 0;
        times_ += is_it ? 1 : 0;
        return is_it;
    }
    int error() const { return error_; }

protected:
    connect_trouble(net::address where, int error) : where_{where}, error_{error}
    {
        current() = this;
    }
    ~connect_trouble() { current() = nullptr; }

private:
    net::address where_;
    int error_;
    int times_ = 0;
};

/// They fail with this errno.
class connects_fail : public connect_trouble {
public:
    connects_fail(const net::address& where, int error) : connect_trouble{where, error} {}
};

/// The kernel gives the connection the port that it is made to, as it may if nobody listens there
/// and the port is one of those that connections get.
class connects_meet_themselves : public connect_trouble {
public:
    explicit connects_meet_themselves(const net::address& where) : connect_trouble{where, 0} {}
};

} // namespace ferrule::test

extern "C" int connect(int descriptor, const sockaddr* to, socklen_t size)
{
    using ferrule::test::connect_trouble;
    static const auto real =
        reinterpret_cast<int (*)(int, const sockaddr*, socklen_t)>(dlsym(RTLD_NEXT, "connect"));
    connect_trouble* trouble = connect_trouble::current();
    if (trouble != nullptr && trouble->is_about(to, size)) {
        if (trouble->error() != 0) {
            errno = trouble->error();
            return -1;
        }
        if (::bind(descriptor, to, size) != 0)
            ferrule::test::fail("bind");
    }
    return real(descriptor, to, size);
}
