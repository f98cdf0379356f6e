// Just enough of an HTTP client to see every byte, FIN and RST that a server sends. A server that
// stays silent for ten seconds fails the test instead of hanging it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>

namespace ferrule::test {

class http_client {
public:
    explicit http_client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0))
    {
        const timeval ten_seconds{10, 0};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &ten_seconds, sizeof ten_seconds);
        setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &ten_seconds, sizeof ten_seconds);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::system_error(errno, std::generic_category(), "connect");
    }
    ~http_client() { ::close(socket_); }
    http_client(const http_client&) = delete;
    http_client& operator=(const http_client&) = delete;

    int native() const { return socket_; }

    void send(const std::string& text) const
    {
        for (std::size_t sent = 0; sent < text.size();) {
            const auto size = ::send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
            if (size < 0)
                throw std::system_error(errno, std::generic_category(), "send");
            sent += static_cast<std::size_t>(size);
        }
    }

    void send_fin() const { ::shutdown(socket_, SHUT_WR); }

    /// Everything up to and with the first `mark`; what came behind it stays for the next call.
    std::string receive_to(const std::string& mark)
    {
        std::size_t at = 0;
        while ((at = pending_.find(mark)) == std::string::npos) {
            if (!receive_some())
                throw std::runtime_error("the server ended before: " + mark);
        }
        return take(at + mark.size());
    }

    /// A whole head, with the empty line behind it.
    std::string receive_head() { return receive_to("\r\n\r\n"); }

    std::string receive(std::size_t size)
    {
        while (pending_.size() < size) {
            if (!receive_some())
                throw std::runtime_error("the server ended too early");
        }
        return take(size);
    }

    /// What comes until FIN or RST; `was_reset` tells which.
    std::string receive_to_end()
    {
        try {
            while (receive_some()) {
            }
        } catch (const std::system_error& error) {
            if (error.code() != std::errc::connection_reset)
                throw;
            was_reset = true;
        }
        return take(pending_.size());
    }

    bool was_reset = false;

private:
    /// False at FIN.
    bool receive_some()
    {
        std::array<char, 65536> bytes;
        const auto size = ::recv(socket_, bytes.data(), bytes.size(), 0);
        if (size < 0)
            throw std::system_error(errno, std::generic_category(), "recv");
        pending_.append(bytes.data(), static_cast<std::size_t>(size));
        return size > 0;
    }

    std::string take(std::size_t size)
    {
        std::string taken = pending_.substr(0, size);
        pending_.erase(0, size);
        return taken;
    }

    int socket_;
    std::string pending_;
};

} // namespace ferrule::test
