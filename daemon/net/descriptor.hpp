// A file descriptor with one owner. For everything but a session's sockets, whose closing is an act
// of its own (net/socket.hpp).
#pragma once

#include <unistd.h>

#include <utility>

namespace ferrule::net {

class descriptor {
public:
    descriptor() = default;
    explicit descriptor(int number) noexcept : number_{number} {}
    ~descriptor() { reset(); }
    descriptor(descriptor&& from) noexcept : number_{std::exchange(from.number_, -1)} {}
    descriptor& operator=(descriptor&& from) noexcept
    {
        if (this != &from) {
            reset();
            number_ = std::exchange(from.number_, -1);
        }
        return *this;
    }

    int get() const noexcept { return number_; }
    bool is_open() const noexcept { return number_ >= 0; }
    int release() noexcept { return std::exchange(number_, -1); }
    void reset() noexcept
    {
        if (number_ >= 0)
            ::close(std::exchange(number_, -1));
    }

private:
    int number_ = -1;
};

} // namespace ferrule::net
