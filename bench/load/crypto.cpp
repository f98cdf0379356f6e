// What OpenSSL alone costs the server: a client and a server in one thread, with memory between
// them instead of sockets. Only the server's calls are timed.
#include "fail.hpp"
#include "run.hpp"
#include "tls_context.hpp"

#include <openssl/bio.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <vector>

namespace load {
namespace {

double cpu_now()
{
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// CPU seconds of what the server did.
class stopwatch {
public:
    template <typename Action>
    auto time(Action action)
    {
        const double start = cpu_now();
        struct adding {
            double& total;
            double start;
            ~adding() { total += cpu_now() - start; }
        } at_end{total_, start};
        return action();
    }
    double total() const { return total_; }

private:
    double total_ = 0;
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

} // namespace

int run_crypto(const options& chosen)
{
    loop unused;
    crowd all{.events = unused, .context = nullptr, .port = 0};
    SSL_CTX* client = client_context(chosen.tls, all, false);
    SSL_CTX* server = server_context(chosen.tls, chosen.certificate, chosen.key);
    require(client != nullptr, "a version");
    std::vector<char> small(64, 'm');
    stopwatch handshakes;
    std::size_t sessions = 0;
    std::size_t resumed = 0;
    const double end = now() + chosen.seconds;
    while (now() < end || sessions < 2) {
        const auto ticket = chosen.is_resuming ? all.tickets.take() : nullptr;
        stopwatch first;
        conversation talk(client, server, ticket.get(), sessions == 0 ? first : handshakes);
        talk.shake_hands();
        resumed += talk.is_resumed() ? 1 : 0;
        require(talk.to_server(small) == small.size() && talk.to_client(small) == small.size(),
                "an echo");
        talk.say_goodbye(small);
        ++sessions;
    }
    std::array<double, 2> bulk{};
    constexpr std::size_t blocks = 16 * 1024;
    if (!chosen.is_resuming) {
        std::vector<char> record(16 * 1024, 'x');
        for (const bool is_down : {true, false}) {
            stopwatch watch;
            conversation talk(client, server, nullptr, watch);
            talk.shake_hands();
            const double before = watch.total();
            for (std::size_t each = 0; each < blocks; ++each)
                require((is_down ? talk.to_client(record) : talk.to_server(record)) ==
                            record.size(),
                        "a record");
            bulk[is_down ? 0 : 1] = (watch.total() - before) * 4;
        }
    }
    std::printf("{\"command\": \"crypto\", \"tls\": \"%s\", \"sessions\": %zu, \"resumed\": %zu, "
                "\"us_for_each_session\": %.2f, \"down_seconds_for_each_GiB\": %.4f, "
                "\"up_seconds_for_each_GiB\": %.4f}\n",
                chosen.tls.c_str(), sessions, resumed,
                handshakes.total() / static_cast<double>(sessions - 1) * 1e6, bulk[0], bulk[1]);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    return 0;
}

} // namespace load
