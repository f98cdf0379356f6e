// A net::socket on a real connection, and what a worker has around it.
#pragma once

#include "net/socket.hpp"
#include "support/loopback.hpp"

#include <gtest/gtest.h>
#include <linux/filter.h>

#include <array>
#include <string>
#include <vector>

namespace ferrule::net {

inline std::span<const std::byte> bytes_of(const std::string& text)
{
    return std::as_bytes(std::span{text.data(), text.size()});
}

/// Drops what comes to this socket, as a broken path would, until it is destroyed.
class deafness {
public:
    explicit deafness(int socket) : socket_{socket}
    {
        sock_filter nothing{BPF_RET | BPF_K, 0, 0, 0};
        const sock_fprog all{1, &nothing};
        EXPECT_EQ(0, setsockopt(socket_, SOL_SOCKET, SO_ATTACH_FILTER, &all, sizeof(all)));
    }
    ~deafness()
    {
        const int unused = 0;
        setsockopt(socket_, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
    }
    deafness(const deafness&) = delete;
    deafness& operator=(const deafness&) = delete;

private:
    int socket_;
};

/// SO_ERROR, which shows an RST also behind a FIN.
inline int error_of(int native)
{
    int error = -1;
    socklen_t size = sizeof(error);
    EXPECT_EQ(0, getsockopt(native, SOL_SOCKET, SO_ERROR, &error, &size));
    return error;
}

class socket_fixture : public ::testing::Test {
protected:
    ~socket_fixture() override
    {
        if (socket_.is_open())
            socket_.abort();
    }

    void adopt(test::connection made, bool is_unix)
    {
        far_ = std::move(made.far);
        native_ = made.near.get();
        if (!is_unix)
            socket::arm(native_);
        ASSERT_EQ(0, socket_.adopt(made.near.release(), is_unix, events_, owner_));
        ASSERT_TRUE(test::collect(events_));
    }
    void adopt_tcp(int buffer_bytes = 0) { adopt(test::make_tcp_connection(buffer_bytes), false); }
    void adopt_unix() { adopt(test::make_unix_connection(), true); }

    template <typename Condition>
    bool collect_until(Condition condition)
    {
        return test::collect_until(events_, condition);
    }

    /// One read into `size` bytes: the bytes, and then the state as a word ("+": there may be more,
    /// "|": nothing more for now).
    std::string read(std::size_t size = 65536)
    {
        std::vector<std::byte> room(size);
        const read_result got = socket_.read(room);
        const std::string text{reinterpret_cast<const char*>(room.data()), got.bytes};
        const std::array words{"+", "|", "FIN", "RST"};
        return text + words.at(static_cast<std::size_t>(got.state));
    }

    /// Writes until the kernel takes no more; how many bytes it took.
    std::size_t fill()
    {
        const std::string much(65536, 'x');
        std::size_t sum = 0;
        for (int turn = 0; turn < 10'000; ++turn) {
            const write_result wrote = socket_.write(bytes_of(much));
            sum += wrote.bytes;
            if (wrote.state != write_state::taken)
                return sum;
        }
        ADD_FAILURE() << "the kernel takes everything";
        return sum;
    }

    int option(int level, int name) const
    {
        int value = -1;
        socklen_t size = sizeof(value);
        EXPECT_EQ(0, getsockopt(native_, level, name, &value, &size));
        return value;
    }

    ready_queue queue_;
    event_set events_{queue_};
    test::counting_owner owner_;
    socket socket_;
    test::far_end far_;
    int native_ = -1;
};

} // namespace ferrule::net
