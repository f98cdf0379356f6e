// What OpenSSL alone costs the server: a client and a server in one thread, with memory between
// them instead of sockets. Only the server's calls are timed.
#include "conversation.hpp"
#include "run.hpp"
#include "tls_context.hpp"

#include <cstdio>
#include <memory>
#include <utility>

namespace load {
namespace {

class bench {
public:
    explicit bench(const options& chosen)
        : client_(client_context(chosen.tls, all_, false)),
          server_(server_context(chosen.tls, chosen.certificate, chosen.key))
    {
        require(client_ != nullptr, "a version");
    }

    ~bench()
    {
        SSL_CTX_free(client_);
        SSL_CTX_free(server_);
    }

    bench(const bench&) = delete;
    bench& operator=(const bench&) = delete;

    /// Whole sessions, as `load handshake` plays them: their number and how many were resumed.
    std::pair<double, double> sessions(bool is_resuming, double seconds, stopwatch& watch);
    /// Messages there and back, one session.
    double seconds_for_each_message(std::size_t size, int count);
    double down_seconds_for_each_gib()
    {
        return bulk([](auto&... each) { down(each...); });
    }
    double up_seconds_for_each_gib()
    {
        return bulk([](auto&... each) { up(each...); });
    }
    double bytes_for_each_idle();
    double seconds_for_each_close();

private:
    static void down(conversation& talk, std::vector<char>& record)
    {
        require(talk.to_client(record) == record.size(), "a record");
    }
    static void up(conversation& talk, std::vector<char>& record)
    {
        require(talk.to_server(record) == record.size(), "a record");
    }
    template <typename Direction>
    double bulk(Direction send);

    loop unused_;
    crowd all_{.events = unused_, .context = nullptr, .port = 0};
    SSL_CTX* client_;
    SSL_CTX* server_;
};

std::pair<double, double> bench::sessions(bool is_resuming, double seconds, stopwatch& watch)
{
    std::vector<char> small(64, 'm');
    double count = 0;
    double resumed = 0;
    for (const double end = now() + seconds; now() < end || count < 2; ++count) {
        const auto ticket = is_resuming ? all_.tickets.take() : nullptr;
        stopwatch first;
        conversation talk(client_, server_, ticket.get(), count == 0 ? first : watch);
        talk.shake_hands();
        resumed += talk.is_resumed() ? 1 : 0;
        require(talk.to_server(small) == small.size() && talk.to_client(small) == small.size(),
                "an echo");
        talk.say_goodbye(small);
    }
    return {count - 1, resumed};
}

double bench::seconds_for_each_message(std::size_t size, int count)
{
    stopwatch watch;
    conversation talk(client_, server_, nullptr, watch);
    std::vector<char> message(size, 'm');
    talk.shake_hands();
    watch.reset();
    for (int each = 0; each < count; ++each) {
        up(talk, message);
        down(talk, message);
    }
    return watch.total() / count;
}

template <typename Direction>
double bench::bulk(Direction send)
{
    stopwatch watch;
    conversation talk(client_, server_, nullptr, watch);
    std::vector<char> record(16 * 1024, 'x');
    talk.shake_hands();
    watch.reset();
    constexpr int blocks = 8 * 1024; // 128 MiB
    for (int each = 0; each < blocks; ++each)
        send(talk, record);
    return watch.total() * 8;
}

double bench::bytes_for_each_idle()
{
    constexpr int count = 200;
    std::vector<char> small(1, 'm');
    stopwatch heap(true);
    std::vector<std::unique_ptr<conversation>> idle;
    for (int each = 0; each < count + 1; ++each) {
        if (each == 1)
            heap.reset(); // the first one fills what all share
        idle.push_back(std::make_unique<conversation>(client_, server_, nullptr, heap));
        idle.back()->shake_hands();
        up(*idle.back(), small);
        idle.back()->forget_client();
    }
    return heap.total() / count;
}

double bench::seconds_for_each_close()
{
    constexpr int count = 500;
    std::vector<char> small(64, 'm');
    stopwatch watch;
    double total = 0;
    for (int each = 0; each < count; ++each) {
        auto talk = std::make_unique<conversation>(client_, server_, nullptr, watch);
        talk->shake_hands();
        up(*talk, small);
        watch.reset();
        talk->end_by_server(small);
        talk.reset();
        total += watch.total();
    }
    return total / count;
}

} // namespace

int run_crypto(const options& chosen)
{
    bench all(chosen);
    stopwatch watch;
    const auto [sessions, resumed] = all.sessions(chosen.is_resuming, chosen.seconds, watch);
    std::printf("{\"command\": \"crypto\", \"tls\": \"%s\", \"sessions\": %.0f, "
                "\"resumed\": %.0f, \"us_for_each_session\": %.2f",
                chosen.tls.c_str(), sessions, resumed, watch.total() / sessions * 1e6);
    if (!chosen.is_resuming) {
        std::printf(", \"down_seconds_for_each_GiB\": %.4f, \"up_seconds_for_each_GiB\": %.4f",
                    all.down_seconds_for_each_gib(), all.up_seconds_for_each_gib());
        std::printf(", \"us_for_each_message\": %.3f, \"us_for_each_1k\": %.3f, "
                    "\"us_for_each_16k\": %.3f, \"us_for_each_close\": %.2f, "
                    "\"idle_kib\": %.2f",
                    all.seconds_for_each_message(64, 20000) * 1e6,
                    all.seconds_for_each_message(1024, 20000) * 1e6,
                    all.seconds_for_each_message(16 * 1024, 5000) * 1e6,
                    all.seconds_for_each_close() * 1e6, all.bytes_for_each_idle() / 1024);
    }
    std::puts("}");
    return 0;
}

} // namespace load
