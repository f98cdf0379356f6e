#pragma once

#include "fail.hpp"

#include <malloc.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <ctime>
#include <vector>

namespace load {

/// Adds up what actions cost this thread: CPU time, or instead the heap that they leave allocated.
class stopwatch {
public:
    explicit stopwatch(bool counts_heap = false) : counts_heap_(counts_heap) {}

    template <typename Action>
    auto time(Action action)
    {
        struct adding {
            stopwatch& watch;
            double start;
            ~adding() { watch.total_ += watch.read() - start; }
        } at_end{*this, read()};
        ++count_;
        return action();
    }

    /// Seconds without what the looking at the clock costs; or bytes.
    double total() const { return counts_heap_ ? total_ : total_ - overhead() * count_; }
    void reset() { total_ = count_ = 0; }

private:
    static double overhead()
    {
        static const double each = [] {
            stopwatch empty;
            constexpr int rounds = 100000;
            for (int round = 0; round < rounds; ++round)
                empty.time([] {});
            return empty.total_ / rounds;
        }();
        return each;
    }

    double read() const
    {
        if (counts_heap_)
            return static_cast<double>(mallinfo2().uordblks);
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
    }

    bool counts_heap_;
    double total_ = 0;
    double count_ = 0;
};

/// A client and a server, connected through memory.
class conversation {
public:
    conversation(SSL_CTX* client, SSL_CTX* server, SSL_SESSION* resume, stopwatch& watch)
        : watch_(watch)
    {
        BIO* to_server = BIO_new(BIO_s_mem());
        BIO* to_client = BIO_new(BIO_s_mem());
        client_ = SSL_new(client);
        server_ = watch_.time([&] { return SSL_new(server); });
        require(client_ != nullptr && server_ != nullptr && to_server && to_client, "SSL_new");
        for (BIO* each : {to_server, to_client}) {
            BIO_set_mem_eof_return(each, -1);
            BIO_up_ref(each);
        }
        SSL_set_bio(client_, to_client, to_server);
        SSL_set_bio(server_, to_server, to_client);
        if (resume != nullptr)
            require(SSL_set_session(client_, resume) == 1, "SSL_set_session");
        SSL_set_connect_state(client_);
        SSL_set_accept_state(server_);
    }

    ~conversation()
    {
        watch_.time([&] { SSL_free(server_); });
        SSL_free(client_);
    }

    /// Nothing but the server's part remains, and no memory that stands for the network.
    void forget_client()
    {
        SSL_free(client_);
        client_ = nullptr;
        watch_.time([&] { SSL_set_bio(server_, nullptr, nullptr); });
    }

    conversation(const conversation&) = delete;
    conversation& operator=(const conversation&) = delete;

    void shake_hands()
    {
        bool is_client_done = false;
        bool is_server_done = false;
        for (int each = 0; each < 4 && !(is_client_done && is_server_done); ++each) {
            is_client_done = SSL_do_handshake(client_) == 1;
            is_server_done = watch_.time([&] { return SSL_do_handshake(server_) == 1; });
        }
        require(is_client_done && is_server_done, "handshake");
    }

    bool is_resumed() const { return SSL_session_reused(server_) == 1; }

    std::size_t to_server(std::vector<char>& bytes)
    {
        require(SSL_write(client_, bytes.data(), static_cast<int>(bytes.size())) > 0, "SSL_write");
        return watch_.time([&] { return read(server_, bytes); });
    }

    std::size_t to_client(std::vector<char>& bytes)
    {
        require(watch_.time([&] {
            return SSL_write(server_, bytes.data(), static_cast<int>(bytes.size()));
        }) > 0,
                "SSL_write");
        return read(client_, bytes);
    }

    void say_goodbye(std::vector<char>& bytes)
    {
        require(SSL_shutdown(client_) >= 0, "SSL_shutdown");
        const int sent = watch_.time([&] {
            read(server_, bytes);
            return SSL_shutdown(server_);
        });
        require(sent >= 0, "SSL_shutdown");
        read(client_, bytes);
    }

    /// The server says goodbye first; its SSL object is freed by the destructor, as the proxies'.
    void end_by_server(std::vector<char>& bytes)
    {
        require(watch_.time([&] { return SSL_shutdown(server_); }) >= 0, "SSL_shutdown");
        read(client_, bytes);
        require(SSL_shutdown(client_) >= 0, "SSL_shutdown");
        watch_.time([&] { return read(server_, bytes); });
    }

private:
    /// Reads until there is no more.
    static std::size_t read(SSL* ssl, std::vector<char>& bytes)
    {
        std::size_t total = 0;
        std::size_t count = 0;
        while (SSL_read_ex(ssl, bytes.data(), bytes.size(), &count) == 1)
            total += count;
        return total;
    }

    stopwatch& watch_;
    SSL* client_;
    SSL* server_;
};

} // namespace load
