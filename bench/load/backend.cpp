#include "backend.hpp"

#include "fail.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

namespace load {
namespace {

std::vector<char>& shared_buffer()
{
    static std::vector<char> buffer(256 * 1024, 'x');
    return buffer;
}

int listen_on(std::uint16_t port)
{
    const int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    require(listening >= 0, "socket");
    const int yes = 1;
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(listening, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    require(bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
    require(listen(listening, 4096) == 0, "listen");
    return listening;
}

} // namespace

/// One connection from the proxy. Kept and used again for the next when it has ended.
class backend_connection : public handler {
public:
    explicit backend_connection(backend& owner) : owner_(owner) {}
    ~backend_connection() override
    {
        if (socket_ >= 0)
            ::close(socket_);
    }

    void open(int socket);
    void on_events(std::uint32_t events) override;
    void set_download(bool is_running);
    void finish();
    bool is_open() const { return socket_ >= 0; }

private:
    void ask(char first);
    void on_readable();
    void echo(const char* bytes, std::size_t count);
    void send_pending();
    void download();
    void want(std::uint32_t events);
    void close();

    backend& owner_;
    int socket_ = -1;
    bool is_urgent_ = false;
    std::optional<wish> wish_;
    std::uint32_t wanted_ = 0;
    std::vector<char> pending_; // an echo that the proxy does not take yet
};

void backend_connection::open(int socket)
{
    socket_ = socket;
    is_urgent_ = false;
    wish_.reset();
    pending_.clear();
    wanted_ = EPOLLIN | EPOLLRDHUP;
    owner_.events_.add(socket_, *this, wanted_);
}

void backend_connection::want(std::uint32_t events)
{
    if (events == wanted_)
        return;
    wanted_ = events;
    owner_.events_.change(socket_, *this, events, is_urgent_);
}

void backend_connection::on_events(std::uint32_t events)
{
    if (!is_open())
        return;
    if ((events & EPOLLOUT) != 0)
        wish_ == wish::download ? download() : send_pending();
    if (is_open() && (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0)
        on_readable();
}

void backend_connection::on_readable()
{
    auto& buffer = shared_buffer();
    // What is only counted need not be copied: MSG_TRUNC throws it away in the kernel (tcp(7)).
    const int flags = wish_ == wish::upload ? MSG_TRUNC : 0;
    const std::size_t size = wish_ == wish::upload ? 4 * buffer.size() : buffer.size();
    const ssize_t count = recv(socket_, flags != 0 ? nullptr : buffer.data(), size, flags);
    if (count < 0 && errno == EAGAIN)
        return;
    if (count <= 0) {
        ++(count == 0 ? owner_.ended_ : owner_.reset_);
        return close();
    }
    owner_.received_ += static_cast<std::uint64_t>(count);
    if (!wish_)
        ask(buffer[0]);
    if (wish_ == wish::echo)
        echo(buffer.data(), static_cast<std::size_t>(count));
}

void backend_connection::ask(char first)
{
    wish_ = static_cast<wish>(first);
    ++owner_.asked_;
    if (wish_ == wish::download)
        set_download(owner_.are_downloads_running_);
    if (wish_ == wish::echo && owner_.with_priority_) {
        owner_.events_.remove(socket_);
        is_urgent_ = true;
        owner_.events_.add(socket_, *this, wanted_, true);
    }
}

void backend_connection::echo(const char* bytes, std::size_t count)
{
    const ssize_t sent = send(socket_, bytes, count, MSG_NOSIGNAL);
    const std::size_t done = sent > 0 ? static_cast<std::size_t>(sent) : 0;
    if (done == count)
        return;
    pending_.assign(bytes + done, bytes + count);
    want(EPOLLOUT);
}

void backend_connection::send_pending()
{
    const ssize_t sent = send(socket_, pending_.data(), pending_.size(), MSG_NOSIGNAL);
    if (sent > 0)
        pending_.erase(pending_.begin(), pending_.begin() + sent);
    if (pending_.empty() || (sent < 0 && errno != EAGAIN))
        want(EPOLLIN | EPOLLRDHUP);
}

void backend_connection::download()
{
    const auto& buffer = shared_buffer();
    const ssize_t sent = send(socket_, buffer.data(), buffer.size(), MSG_NOSIGNAL);
    if (sent > 0)
        owner_.sent_ += static_cast<std::uint64_t>(sent);
    else if (errno != EAGAIN)
        set_download(false);
}

void backend_connection::set_download(bool is_running)
{
    if (is_open() && wish_ == wish::download)
        want(EPOLLIN | EPOLLRDHUP | (is_running ? static_cast<std::uint32_t>(EPOLLOUT) : 0));
}

void backend_connection::finish()
{
    if (is_open())
        shutdown(socket_, SHUT_WR);
}

void backend_connection::close()
{
    owner_.events_.remove(socket_, is_urgent_);
    ::close(socket_);
    socket_ = -1;
    owner_.free_.push_back(this);
}

backend::backend(loop& events, std::uint16_t port, bool with_priority)
    : events_(events), with_priority_(with_priority), socket_(listen_on(port))
{
    events_.add(socket_, *this, EPOLLIN);
}

backend::~backend()
{
    ::close(socket_);
}

void backend::on_events(std::uint32_t)
{
    for (;;) {
        const int accepted = accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted < 0) {
            require(errno == EAGAIN || errno == ECONNABORTED, "accept4");
            return;
        }
        if (free_.empty()) {
            connections_.push_back(std::make_unique<backend_connection>(*this));
            free_.push_back(connections_.back().get());
        }
        auto* connection = free_.back();
        free_.pop_back();
        connection->open(accepted);
    }
}

void backend::start_downloads()
{
    are_downloads_running_ = true;
    for (auto& each : connections_)
        each->set_download(true);
}

void backend::stop_downloads()
{
    are_downloads_running_ = false;
    for (auto& each : connections_)
        each->set_download(false);
}

void backend::finish_all()
{
    for (auto& each : connections_)
        each->finish();
}

} // namespace load
