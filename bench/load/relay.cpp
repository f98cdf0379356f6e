// The limit that all proxies are held against: bytes copied from one socket to another, and nothing
// else. One big buffer for all, edge-triggered, registered once, no read after a short one.
#include "fail.hpp"
#include "loop.hpp"
#include "run.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <memory>
#include <vector>

namespace load {
namespace {

sockaddr_in loopback(std::uint16_t port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

class pair;

/// One of the two sockets of a session.
class side : public handler {
public:
    side(pair& owner, int socket) : owner_(owner), socket_(socket) {}
    ~side() override { ::close(socket_); }
    void on_events(std::uint32_t events) override;

    /// Copies from here to `other` until there is no more, or no more is taken.
    void copy_to(side& other, bool until_end);

    int socket() const { return socket_; }
    bool has_ended() const { return has_ended_; }

private:
    bool send_pending();

    pair& owner_;
    int socket_;
    std::vector<char> pending_; // for this socket
    std::size_t pending_sent_ = 0;
    bool has_ended_ = false;
};

class pair {
public:
    pair(int client, int server) : client_(*this, client), server_(*this, server) {}
    side& other(const side& one) { return &one == &client_ ? server_ : client_; }
    side& client() { return client_; }
    side& server() { return server_; }

private:
    side client_;
    side server_;
};

std::vector<char>& shared_buffer()
{
    static std::vector<char> buffer(256 * 1024);
    return buffer;
}

std::vector<pair*>& finished()
{
    static std::vector<pair*> list;
    return list;
}

bool side::send_pending()
{
    if (pending_sent_ < pending_.size()) {
        const ssize_t sent = send(socket_, pending_.data() + pending_sent_,
                                  pending_.size() - pending_sent_, MSG_NOSIGNAL);
        pending_sent_ += sent > 0 ? static_cast<std::size_t>(sent) : 0;
    }
    return pending_sent_ == pending_.size();
}

void side::copy_to(side& other, bool until_end)
{
    auto& buffer = shared_buffer();
    while (!has_ended_ && other.send_pending()) {
        const ssize_t count = recv(socket_, buffer.data(), buffer.size(), 0);
        if (count < 0 && errno == EAGAIN)
            return;
        if (count <= 0) {
            has_ended_ = true;
            shutdown(other.socket_, SHUT_WR);
            if (other.has_ended_)
                finished().push_back(&owner_);
            return;
        }
        const auto size = static_cast<std::size_t>(count);
        const ssize_t sent = send(other.socket_, buffer.data(), size, MSG_NOSIGNAL);
        const auto done = sent > 0 ? static_cast<std::size_t>(sent) : 0;
        if (done < size) {
            other.pending_.assign(buffer.begin() + static_cast<std::ptrdiff_t>(done),
                                  buffer.begin() + count);
            other.pending_sent_ = 0;
        }
        if (size < buffer.size() && !until_end)
            return;
    }
}

void side::on_events(std::uint32_t events)
{
    side& other = owner_.other(*this);
    constexpr std::uint32_t end = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    if ((events & EPOLLOUT) != 0 && pending_sent_ < pending_.size())
        other.copy_to(*this, true);
    if ((events & (EPOLLIN | end)) != 0)
        copy_to(other, (events & end) != 0);
}

class listener : public handler {
public:
    listener(loop& events, const options& chosen) : events_(events), backend_(chosen.backend)
    {
        socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        const int yes = 1;
        setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        const auto address = loopback(chosen.proxy);
        require(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
                "bind");
        require(listen(socket_, 4096) == 0, "listen");
        events_.add(socket_, *this, EPOLLIN);
    }

    void on_events(std::uint32_t) override
    {
        for (;;) {
            const int client = accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (client < 0)
                return;
            const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            require(server >= 0, "socket");
            const int yes = 1;
            setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            const auto address = loopback(backend_);
            require(connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
                            0 ||
                        errno == EINPROGRESS,
                    "connect");
            auto* session = new pair(client, server); // freed when it is found in finished()
            constexpr std::uint32_t all = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
            events_.add(client, session->client(), all);
            events_.add(server, session->server(), all);
        }
    }

private:
    loop& events_;
    std::uint16_t backend_;
    int socket_;
};

} // namespace

int run_relay(const options& chosen)
{
    loop events;
    listener listening(events, chosen);
    for (;;)
        events.run_until(
            [] {
                for (auto* each : finished())
                    delete each;
                finished().clear();
                return false;
            },
            std::numeric_limits<int>::max() / 2000);
}

} // namespace load
