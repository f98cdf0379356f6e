#pragma once

#include "loop.hpp"

#include <openssl/ssl.h>

#include <cstddef>
#include <span>
#include <vector>

namespace load {

/// What a read found.
enum class status {
    data,
    blocked,
    notified, ///< the proxy's close_notify
    ended,    ///< FIN
    reset,    ///< RST, or the connection was refused
    failed,   ///< what no end may look like: an alert, a bad record, bytes behind close_notify
};

struct reading {
    status what;
    std::size_t count; ///< bytes, with `data`
};

/// The client's side of one connection to the proxy: TLS, or plain TCP for the plain relay.
///
/// All connections share two buffers: one receive of up to 256 KiB for a wake-up feeds OpenSSL
/// through a BIO of ours, and all records of a wake-up leave by one send. So whoever reads goes on
/// until the answer is not `data`: what is left in the buffer would be lost.
class transport {
public:
    /// `context` is null for plain TCP.
    transport(loop& events, SSL_CTX* context, handler& whose, bool urgent);
    ~transport();
    transport(const transport&) = delete;
    transport& operator=(const transport&) = delete;

    /// Connects to 127.0.0.1, without waiting, offering `resume` if it is not null.
    void open(std::uint16_t port, SSL_SESSION* resume);
    /// `events` of a wake-up: sends what waited. False if the connection is lost.
    bool begin(std::uint32_t events);
    /// True once the handshake is done; `failed()` says if it never will be.
    bool shake_hands();
    reading read(std::span<char> into);
    /// Bytes that leave with the next `flush`.
    void write(std::span<const char> bytes);
    void flush();
    /// True while bytes wait for the proxy to take them; the next `begin` may send them.
    bool is_blocked() const { return pending_sent_ < pending_.size(); }
    /// close_notify; with plain TCP a FIN.
    void say_goodbye();
    /// A FIN.
    void finish();
    void close();

    bool is_open() const { return socket_ >= 0; }
    bool failed() const { return is_failed_; }
    bool was_resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_) == 1; }

private:
    static int bio_read(BIO* bio, char* into, std::size_t size, std::size_t* count);
    static int bio_write(BIO* bio, const char* bytes, std::size_t size, std::size_t* count);
    static long bio_control(BIO* bio, int command, long number, void* pointer);
    static BIO_METHOD* method();

    bool receive();
    reading read_plain(std::span<char> into);
    reading read_behind_notify();
    void send_pending();
    void arm();

    loop& events_;
    SSL_CTX* context_;
    handler& whose_;
    bool urgent_;
    int socket_ = -1;
    SSL* ssl_ = nullptr;
    std::span<const char> input_;
    std::vector<char> pending_; // what the proxy did not take, sent up to `pending_sent_`
    std::size_t pending_sent_ = 0;
    bool is_armed_ = false;
    bool is_drained_ = true; // the kernel had less than we asked for
    bool is_ended_ = false;
    bool is_reset_ = false;
    bool is_notified_ = false;
    bool is_failed_ = false;
};

} // namespace load
