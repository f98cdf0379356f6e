// Every series, in the order of docs/metrics.md. Longer than 300 lines because it is one flat list.
#include "metrics/families.hpp"

#include "base/utf8.hpp"
#include "base/version.hpp"
#include "ending/outcome.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cmath>
#include <string_view>
#include <utility>

namespace ferrule::metrics {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using labels = std::vector<std::pair<const char*, std::string_view>>;

// The label values of what counters.hpp indexes by number or enum, in the order of the indices.
constexpr std::array<std::string_view, 2> directions{"to_backend", "to_client"};
constexpr std::array<std::string_view, 2> sides{"client", "backend"};
constexpr std::array<std::string_view, 2> reset_directions{"in", "out"};
constexpr std::array<std::string_view, 2> tls_versions{"TLSv1.2", "TLSv1.3"};
constexpr std::array<std::string_view, handshake_results> handshake_words{"ok", "failed", "timeout",
                                                                          "aborted", "ended"};
constexpr std::array<std::string_view, accept_pauses> pause_words{"descriptors", "memory",
                                                                  "sessions", "error"};
constexpr std::array<std::string_view, load_results> load_words{"ok", "failed"};
constexpr std::array<std::string_view, close_notify_events> close_notify_words{
    "sent", "received", "missing", "timeout"};
constexpr std::array<std::string_view, shutdown_timeouts> timeout_words{
    "close_notify", "half_close", "stall", "deadline"};

/// The sum over workers of the number that `read` finds in a block.
template <typename Block, typename Read>
double sum(const std::vector<const Block*>& of_workers, Read read)
{
    std::uint64_t total = 0;
    for (const Block* block : of_workers)
        total += read(*block).get();
    return static_cast<double>(total);
}

ClientMetric& add_series(MetricFamily& family, const labels& names)
{
    ClientMetric& series = family.metric.emplace_back();
    for (const auto& [name, value] : names)
        series.label.push_back({name, base::valid_utf8(value)});
    return series;
}

void add(MetricFamily& family, const labels& names, double value)
{
    ClientMetric& series = add_series(family, names);
    (family.type == MetricType::Counter ? series.counter.value : series.gauge.value) = value;
}

/// The sum over workers of the histogram that `read` finds in a block.
template <typename Block, typename Read>
void add_histogram(MetricFamily& family, const labels& names,
                   const std::vector<const Block*>& of_workers, Read read)
{
    auto& histogram = add_series(family, names).histogram;
    std::uint64_t cumulated = 0;
    for (std::size_t index = 0; index < durations::bucket_count; ++index) {
        for (const Block* block : of_workers)
            cumulated += read(*block).bucket(index);
        const double bound = index < duration_bounds.size() ? duration_bounds[index] : INFINITY;
        histogram.bucket.push_back({cumulated, bound});
    }
    // The count is what the buckets say, so that a scrape in the middle of an observation adds up.
    histogram.sample_count = cumulated;
    for (const Block* block : of_workers)
        histogram.sample_sum += read(*block).sum_seconds();
}

/// The families of one scrape, in the order in which they are written.
class family_list {
public:
    explicit family_list(const readings& now) : now_(now) {}

    void add_sessions();
    void add_endings();
    void add_handshakes();
    void add_accepting();
    void add_backends();
    void add_certificates();
    void add_process();
    void add_usage(const process_usage& usage);

    std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

private:
    /// A family without series; the reference is good until the next one starts.
    MetricFamily& start(MetricType type, const char* name, const char* help)
    {
        return families_.emplace_back(MetricFamily{name, help, type, {}});
    }
    MetricFamily& counter(const char* name, const char* help)
    {
        return start(MetricType::Counter, name, help);
    }
    MetricFamily& gauge(const char* name, const char* help)
    {
        return start(MetricType::Gauge, name, help);
    }

    /// One series for each listener.
    template <typename Read>
    void of_listeners(MetricFamily& family, Read read)
    {
        for (const auto& [listener, of_workers] : now_.listeners)
            add(family, {{"listener", listener}}, sum(of_workers, read));
    }

    /// One series for each listener and word; `read` finds the array that the words index.
    template <typename Words, typename Read>
    void of_listeners(MetricFamily& family, const char* label, const Words& words, Read read)
    {
        for (const auto& [listener, of_workers] : now_.listeners)
            for (std::size_t index = 0; index < words.size(); ++index)
                add(family, {{"listener", listener}, {label, words[index]}},
                    sum(
                        of_workers, [&](const auto& block) -> auto& {
                            return read(block)[index];
                        }));
    }

    const readings& now_;
    std::vector<MetricFamily> families_;
};

void family_list::add_sessions()
{
    of_listeners(
        counter("ferrule_sessions_started_total", "Connections accepted."),
        [](const auto& block) -> auto& { return block.sessions_started; });

    auto& ended =
        counter("ferrule_sessions_ended_total", "Sessions ended, by what ended them and how well.");
    for (const auto& [listener, of_workers] : now_.listeners)
        for (const auto cause : ending::all_causes)
            for (const auto outcome : ending::all_outcomes) {
                const auto sessions = sum(
                    of_workers, [=](const auto& block) -> auto& {
                        return block.sessions_ended[static_cast<std::size_t>(cause)]
                                                   [static_cast<std::size_t>(outcome)];
                    });
                // What should not be is shown all the same, should it ever be.
                if (ending::can_come_of(cause, outcome) || sessions > 0)
                    add(ended,
                        {{"listener", listener},
                         {"cause", ending::to_text(cause)},
                         {"outcome", ending::to_text(outcome)}},
                        sessions);
            }

    of_listeners(
        gauge("ferrule_sessions_open", "Sessions accepted and not yet released."),
        [](const auto& block) -> auto& { return block.sessions_open; });
    of_listeners(
        gauge("ferrule_sessions_half_closed",
              "Open sessions of which one flow has ended and the other still runs."),
        [](const auto& block) -> auto& { return block.sessions_half_closed; });
    of_listeners(
        gauge("ferrule_sessions_closing", "Open sessions of which at least one flow has ended."),
        [](const auto& block) -> auto& { return block.sessions_closing; });
    of_listeners(
        counter("ferrule_bytes_total", "Plaintext bytes read, by where they go."), "direction",
        directions, [](const auto& block) -> auto& { return block.bytes; });
    of_listeners(
        counter("ferrule_lost_bytes_total",
                "Plaintext bytes read and then not delivered, by where they should go."),
        "direction", directions, [](const auto& block) -> auto& { return block.lost_bytes; });
    of_listeners(
        counter("ferrule_unconfirmed_bytes_total",
                "Plaintext bytes given to the kernel and not acknowledged when the peer was gone."),
        "direction", directions,
        [](const auto& block) -> auto& { return block.unconfirmed_bytes; });
    of_listeners(
        counter("ferrule_undecrypted_bytes_total",
                "Ciphertext received from clients that never became plaintext."),
        [](const auto& block) -> auto& { return block.undecrypted_bytes; });
}

void family_list::add_endings()
{
    auto& close = start(MetricType::Histogram, "ferrule_session_close_seconds",
                        "Time from a session's first end to the release of both sockets.");
    for (const auto& [listener, of_workers] : now_.listeners)
        for (const auto mode : ending::all_modes)
            add_histogram(
                close, {{"listener", listener}, {"mode", ending::to_text(mode)}},
                of_workers, [=](const auto& block) -> auto& {
                    return block.close_seconds[static_cast<std::size_t>(mode)];
                });

    of_listeners(
        counter("ferrule_close_notify_total",
                "The TLS goodbye: sent, received, missing at the client's end, or not "
                "answered in time."),
        "event", close_notify_words, [](const auto& block) -> auto& { return block.close_notify; });

    auto& resets =
        counter("ferrule_resets_total", "TCP resets by peer, received (in) or sent (out).");
    for (const auto& [listener, of_workers] : now_.listeners)
        for (std::size_t side = 0; side < sides.size(); ++side)
            for (std::size_t way = 0; way < reset_directions.size(); ++way)
                add(resets,
                    {{"listener", listener},
                     {"side", sides[side]},
                     {"direction", reset_directions[way]}},
                    sum(
                        of_workers, [=](const auto& block) -> auto& {
                            return block.resets[side][way];
                        }));

    of_listeners(
        counter("ferrule_shutdown_timeouts_total",
                "Times that a bound of the shutdown block has passed."),
        "timeout", timeout_words, [](const auto& block) -> auto& { return block.timeouts; });
}

void family_list::add_handshakes()
{
    of_listeners(
        counter("ferrule_handshakes_total", "TLS handshakes, by how they ended."), "result",
        handshake_words, [](const auto& block) -> auto& { return block.handshakes; });
    of_listeners(
        counter("ferrule_tls_sessions_total", "Successful handshakes, by TLS version."), "version",
        tls_versions, [](const auto& block) -> auto& { return block.handshakes_by_version; });
    of_listeners(
        counter("ferrule_tls_resumptions_total",
                "Successful handshakes that resumed an earlier TLS session."),
        [](const auto& block) -> auto& { return block.handshakes_resumed; });

    auto& seconds = start(MetricType::Histogram, "ferrule_handshake_seconds",
                          "Duration of successful handshakes.");
    for (const auto& [listener, of_workers] : now_.listeners)
        add_histogram(
            seconds, {{"listener", listener}}, of_workers,
            [](const auto& block) -> auto& { return block.handshake_seconds; });
}

void family_list::add_accepting()
{
    of_listeners(
        counter("ferrule_accept_errors_total", "Failed calls of accept(2)."),
        [](const auto& block) -> auto& { return block.accept_errors; });
    of_listeners(
        counter("ferrule_accept_paused_total",
                "Times that accepting stopped for want of something."),
        "reason", pause_words, [](const auto& block) -> auto& { return block.accept_paused; });
}

void family_list::add_backends()
{
    auto& connects = counter("ferrule_backend_connects_total", "Tries to connect to a server.");
    for (const auto& [backend, server, of_workers] : now_.servers) {
        add(connects, {{"backend", backend}, {"server", server}, {"result", "ok"}},
            sum(
                of_workers, [](const auto& block) -> auto& { return block.connects; }));
        add(connects, {{"backend", backend}, {"server", server}, {"result", "failed"}},
            sum(
                of_workers, [](const auto& block) -> auto& { return block.connect_failures; }));
    }

    auto& seconds = start(MetricType::Histogram, "ferrule_backend_connect_seconds",
                          "Duration of successful connects to a server.");
    for (const auto& [backend, server, of_workers] : now_.servers)
        add_histogram(
            seconds, {{"backend", backend}, {"server", server}}, of_workers,
            [](const auto& block) -> auto& { return block.connect_seconds; });
}

void family_list::add_certificates()
{
    auto& expiry = gauge("ferrule_certificate_expiry_timestamp_seconds",
                         "When the certificate in use ends to be valid, in Unix time.");
    for (const auto& [listener, info] : now_.certificates)
        add(expiry, {{"listener", listener}, {"subject", info.subject}, {"serial", info.serial}},
            info.not_after_seconds);
    auto& loaded = gauge("ferrule_certificate_load_timestamp_seconds",
                         "When the certificate in use was loaded, in Unix time.");
    for (const auto& [listener, seconds] : now_.certificates_loaded)
        add(loaded, {{"listener", listener}}, seconds);
    of_listeners(
        counter("ferrule_certificate_loads_total",
                "Changes of a listener's certificate or key file, by what came of them."),
        "result", load_words, [](const auto& block) -> auto& { return block.certificate_loads; });
    of_listeners(
        counter("ferrule_ticket_key_loads_total",
                "Changes of a listener's file of ticket keys, by what came of them."),
        "result", load_words, [](const auto& block) -> auto& { return block.ticket_key_loads; });
}

void family_list::add_process()
{
    const process_state& state = now_.process;

    auto& reloads = counter("ferrule_reloads_total", "Reloads of the configuration.");
    add(reloads, {{"result", "ok"}}, static_cast<double>(state.reloads_ok.load()));
    add(reloads, {{"result", "failed"}}, static_cast<double>(state.reloads_failed.load()));
    add(gauge("ferrule_last_reload_timestamp_seconds",
              "When the configuration in use was loaded, in Unix time."),
        {}, state.last_reload_seconds.load());
    add(gauge("ferrule_last_reload_success", "1 if the last reload was good, else 0."), {},
        state.last_reload_ok.load());
    add(gauge("ferrule_draining", "1 from the order to stop until the process ends."), {},
        state.draining.load());

    auto& dropped =
        counter("ferrule_log_lines_dropped_total", "Lines that the log could not take.");
    add(dropped, {{"kind", "session"}},
        sum(
            now_.workers, [](const auto& block) -> auto& { return block.log_lines_dropped; }) +
            static_cast<double>(state.session_lines_dropped.load()));
    add(dropped, {{"kind", "trace"}},
        sum(
            now_.workers, [](const auto& block) -> auto& { return block.traces_dropped; }) +
            static_cast<double>(state.traces_dropped.load()));
    add(dropped, {{"kind", "message"}}, static_cast<double>(state.log_lines_dropped.load()));

    add(counter("ferrule_metrics_unauthorized_total",
                "Requests to the metrics address without a good password."),
        {}, static_cast<double>(state.passwords_refused.load()));

    add(gauge("ferrule_build_info", "Always 1; the labels say which Ferrule this is."),
        {{"version", base::version}, {"revision", base::revision}}, 1);
}

void family_list::add_usage(const process_usage& usage)
{
    add(counter("process_cpu_seconds_total", "CPU time used, user and system."), {},
        usage.cpu_seconds);
    add(gauge("process_resident_memory_bytes", "Memory in RAM."), {}, usage.resident_memory_bytes);
    add(gauge("process_open_fds", "Open file descriptors."), {}, usage.open_fds);
    add(gauge("process_max_fds", "Limit of open file descriptors."), {}, usage.max_fds);
    add(gauge("process_threads", "Threads."), {}, usage.threads);
    add(gauge("process_start_time_seconds", "When the process started, in Unix time."), {},
        usage.start_time_seconds);
}

} // namespace

std::string exposition(const readings& now)
{
    family_list families(now);
    families.add_sessions();
    families.add_endings();
    families.add_handshakes();
    families.add_accepting();
    families.add_backends();
    families.add_certificates();
    families.add_process();
    if (now.usage)
        families.add_usage(*now.usage);
    return families.text();
}

} // namespace ferrule::metrics
