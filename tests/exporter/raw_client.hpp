// A client that shows every byte, FIN and RST of the exporter. A server that stays silent for ten
// seconds fails the test instead of hanging it.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>

namespace ferrule::test {

class raw_client {
public:
    /// Not yet connected. A receive buffer of `receive_bytes`, if that is not 0.
    explicit raw_client(int family, int receive_bytes = 0)
        : socket_{::socket(family, SOCK_STREAM, 0)}
    {
        const timeval patience{10, 0};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        if (receive_bytes > 0)
            setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    }
    ~raw_client() { close(); }
    raw_client(raw_client&& from) noexcept : socket_{from.socket_} { from.socket_ = -1; }
    raw_client& operator=(raw_client&&) = delete;

    void connect(const sockaddr* address, socklen_t size) const
    {
        if (::connect(socket_, address, size) != 0)
            throw std::system_error(errno, std::generic_category(), "connect");
    }

    static raw_client to_ip4(std::uint16_t port, int receive_bytes = 0)
    {
        raw_client client{AF_INET, receive_bytes};
        client.connect_ip4(port);
        return client;
    }
    void connect_ip4(std::uint16_t port) const
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    static raw_client to_ip6(std::uint16_t port)
    {
        raw_client client{AF_INET6};
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(port);
        address.sin6_addr = in6addr_loopback;
        client.connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
        return client;
    }
    static raw_client to_path(const std::string& path)
    {
        raw_client client{AF_UNIX};
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        client.connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
        return client;
    }

    void send(std::string_view text) const
    {
        while (!text.empty()) {
            const auto size = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
            if (size < 0)
                throw std::system_error(errno, std::generic_category(), "send");
            text.remove_prefix(static_cast<std::size_t>(size));
        }
    }

    /// A whole answer with a Content-Length; of HEAD only the head.
    std::string answer(bool with_body = true)
    {
        while (input_.find("\r\n\r\n") == std::string::npos && receive_some()) {
        }
        const auto head_end = input_.find("\r\n\r\n");
        if (head_end == std::string::npos)
            return take(input_.size());
        std::size_t size = head_end + 4;
        const auto length = input_.find("Content-Length: ");
        if (with_body && length < head_end)
            size += std::stoul(input_.substr(length + 16));
        while (input_.size() < size && receive_some()) {
        }
        return take(size);
    }

    std::string get(const std::string& target)
    {
        send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        return answer();
    }

    /// Everything until FIN or RST.
    std::string rest()
    {
        while (receive_some()) {
        }
        return take(input_.size());
    }
    bool was_reset() const { return was_reset_; }

    /// True if something (bytes or an end) comes within the time.
    bool hears_something_within(int milliseconds) const
    {
        pollfd waited{socket_, POLLIN, 0};
        return poll(&waited, 1, milliseconds) > 0;
    }

    void close()
    {
        if (socket_ >= 0)
            ::close(socket_);
        socket_ = -1;
    }

private:
    bool receive_some()
    {
        char bytes[65536];
        const auto size = ::recv(socket_, bytes, sizeof bytes, 0);
        if (size < 0 && errno == ECONNRESET) {
            was_reset_ = true;
            return false;
        }
        if (size < 0)
            throw std::system_error(errno, std::generic_category(), "recv");
        input_.append(bytes, static_cast<std::size_t>(size));
        return size > 0;
    }

    std::string take(std::size_t size)
    {
        std::string taken = input_.substr(0, size);
        input_.erase(0, size);
        return taken;
    }

    int socket_;
    std::string input_;
    bool was_reset_ = false;
};

} // namespace ferrule::test
