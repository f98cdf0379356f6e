#include "transport.hpp"

#include "fail.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace load {
namespace {

constexpr std::size_t buffer_size = 256 * 1024;

std::vector<char>& input_buffer()
{
    static std::vector<char> buffer(buffer_size);
    return buffer;
}

std::vector<char>& output_buffer()
{
    static std::vector<char> buffer;
    return buffer;
}

} // namespace

transport::transport(loop& events, SSL_CTX* context, handler& whose, bool urgent)
    : events_(events), context_(context), whose_(whose), urgent_(urgent)
{
}

transport::~transport()
{
    close();
}

BIO_METHOD* transport::method()
{
    static BIO_METHOD* const made = [] {
        BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "load");
        require(BIO_meth_set_read_ex(fresh, bio_read) == 1 &&
                    BIO_meth_set_write_ex(fresh, bio_write) == 1 &&
                    BIO_meth_set_ctrl(fresh, bio_control) == 1,
                "BIO_meth_new");
        return fresh;
    }();
    return made;
}

void transport::open(std::uint16_t port, SSL_SESSION* resume)
{
    is_drained_ = true;
    is_armed_ = is_ended_ = is_reset_ = is_notified_ = is_failed_ = false;
    input_ = {};
    pending_.clear();
    pending_sent_ = 0;
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    require(socket_ >= 0, "socket");
    const int yes = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        is_failed_ = errno != EINPROGRESS;
    events_.add(socket_, whose_, EPOLLIN | EPOLLRDHUP, urgent_);
    if (context_ == nullptr)
        return;
    ssl_ = SSL_new(context_);
    BIO* bio = BIO_new(method());
    require(ssl_ != nullptr && bio != nullptr, "SSL_new");
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_connect_state(ssl_);
    if (resume != nullptr)
        require(SSL_set_session(ssl_, resume) == 1, "SSL_set_session");
}

bool transport::begin(std::uint32_t events)
{
    is_drained_ = false;
    if ((events & EPOLLOUT) != 0)
        send_pending();
    return !is_failed_;
}

bool transport::shake_hands()
{
    if (ssl_ == nullptr)
        return !is_failed_;
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    is_failed_ |= result != 1 && SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ;
    flush();
    return result == 1 && !is_failed_;
}

reading transport::read(std::span<char> into)
{
    if (ssl_ == nullptr)
        return read_plain(into);
    if (is_notified_)
        return read_behind_notify();
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_read_ex(ssl_, into.data(), into.size(), &count);
    if (result == 1)
        return {status::data, count};
    const int error = SSL_get_error(ssl_, result);
    if (error == SSL_ERROR_ZERO_RETURN) {
        is_notified_ = true;
        return {status::notified, 0};
    }
    if (is_ended_)
        return {status::ended, 0};
    if (is_reset_)
        return {status::reset, 0};
    return {error == SSL_ERROR_WANT_READ ? status::blocked : status::failed, 0};
}

reading transport::read_behind_notify()
{
    if (!input_.empty())
        return {status::failed, 0};
    if (receive())
        return {status::failed, 0};
    if (is_ended_)
        return {status::ended, 0};
    return {is_reset_ ? status::reset : status::blocked, 0};
}

reading transport::read_plain(std::span<char> into)
{
    if (is_drained_)
        return {status::blocked, 0};
    const ssize_t count = recv(socket_, into.data(), into.size(), 0);
    if (count > 0) {
        is_drained_ = static_cast<std::size_t>(count) < into.size();
        return {status::data, static_cast<std::size_t>(count)};
    }
    if (count == 0)
        return {status::ended, 0};
    return {errno == EAGAIN ? status::blocked : status::reset, 0};
}

/// One receive; false without bytes.
bool transport::receive()
{
    if (is_drained_ || is_ended_ || is_reset_)
        return false;
    auto& buffer = input_buffer();
    const ssize_t count = recv(socket_, buffer.data(), buffer.size(), 0);
    if (count <= 0) {
        is_drained_ = true;
        is_ended_ = count == 0;
        is_reset_ = count < 0 && errno != EAGAIN;
        return false;
    }
    is_drained_ = static_cast<std::size_t>(count) < buffer.size();
    input_ = {buffer.data(), static_cast<std::size_t>(count)};
    return true;
}

int transport::bio_read(BIO* bio, char* into, std::size_t size, std::size_t* count)
{
    auto& self = *static_cast<transport*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (self.input_.empty() && !self.receive()) {
        if (!self.is_ended_ && !self.is_reset_)
            BIO_set_retry_read(bio);
        return 0;
    }
    *count = std::min(size, self.input_.size());
    std::memcpy(into, self.input_.data(), *count);
    self.input_ = self.input_.subspan(*count);
    return 1;
}

int transport::bio_write(BIO*, const char* bytes, std::size_t size, std::size_t* count)
{
    auto& buffer = output_buffer();
    buffer.insert(buffer.end(), bytes, bytes + size);
    *count = size;
    return 1;
}

long transport::bio_control(BIO* bio, int command, long, void*)
{
    if (command == BIO_CTRL_EOF)
        return static_cast<transport*>(BIO_get_data(bio))->is_ended_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

void transport::write(std::span<const char> bytes)
{
    if (ssl_ == nullptr) {
        auto& buffer = output_buffer();
        buffer.insert(buffer.end(), bytes.begin(), bytes.end());
        return;
    }
    std::size_t count = 0;
    ERR_clear_error();
    // Our BIO takes everything, so this never blocks.
    is_failed_ |= SSL_write_ex(ssl_, bytes.data(), bytes.size(), &count) != 1;
}

void transport::flush()
{
    auto& buffer = output_buffer();
    if (buffer.empty())
        return;
    std::size_t sent = 0;
    if (!is_blocked()) {
        const ssize_t count = send(socket_, buffer.data(), buffer.size(), MSG_NOSIGNAL);
        sent = count > 0 ? static_cast<std::size_t>(count) : 0;
        is_failed_ |= count < 0 && errno != EAGAIN;
        pending_.clear();
        pending_sent_ = 0;
    }
    pending_.insert(pending_.end(), buffer.begin() + static_cast<std::ptrdiff_t>(sent),
                    buffer.end());
    buffer.clear();
    arm();
}

void transport::send_pending()
{
    if (!is_blocked())
        return;
    const ssize_t count = send(socket_, pending_.data() + pending_sent_,
                               pending_.size() - pending_sent_, MSG_NOSIGNAL);
    if (count > 0)
        pending_sent_ += static_cast<std::size_t>(count);
    is_failed_ |= count < 0 && errno != EAGAIN;
    arm();
}

void transport::arm()
{
    const bool is_wanted = is_blocked() && !is_failed_;
    if (is_wanted == is_armed_)
        return;
    is_armed_ = is_wanted;
    const std::uint32_t events = EPOLLIN | EPOLLRDHUP;
    events_.change(socket_, whose_, is_wanted ? events | EPOLLOUT : events, urgent_);
}

void transport::say_goodbye()
{
    if (ssl_ == nullptr)
        return finish();
    ERR_clear_error();
    is_failed_ |= SSL_shutdown(ssl_) < 0;
    flush();
}

void transport::finish()
{
    if (is_open())
        shutdown(socket_, SHUT_WR);
}

void transport::close()
{
    SSL_free(ssl_);
    ssl_ = nullptr;
    if (!is_open())
        return;
    events_.remove(socket_, urgent_);
    ::close(socket_);
    socket_ = -1;
}

} // namespace load
