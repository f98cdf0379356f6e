#include "trials/demo/demo.hpp"

#include "process/process.hpp"
#include "tls/self_signed.hpp"
#include "trials/demo/backend.hpp"

#include <cstdio>
#include <string>

namespace ferrule::demo {

namespace {

using config::endpoint;

/// The certificate lives for as long as somebody may try things out, and nowhere but in memory.
constexpr int certificate_days = 30;

config::settings demo_settings(const demo_options& options, std::uint16_t backend_port)
{
    tls::key_pair made = tls::make_self_signed(certificate_days);

    config::listener_settings listener;
    listener.name = "demo";
    listener.addresses = {{endpoint::kind::ip4, "127.0.0.1", options.port}};
    listener.tls.certificate_pem = std::move(made.certificate_pem);
    listener.tls.key_pem = std::move(made.key_pem);
    listener.tls.alpn = {"http/1.1"};
    listener.route.backend = "demo";

    config::settings settings;
    settings.file = "demo";
    settings.workers = 1;
    settings.metrics_address = endpoint{endpoint::kind::ip4, "127.0.0.1", options.metrics_port};
    settings.drain = {
        .delay = base::milliseconds{0}, .timeout = base::seconds{2}, .spread = base::seconds{2}};
    settings.log.level = config::log_level::debug;
    settings.log.recorder = 0; // its lines are sentences
    settings.listeners.push_back(std::move(listener));
    settings.backends.push_back({"demo", {{endpoint::kind::ip4, "127.0.0.1", backend_port}}});
    return settings;
}

void print_what_to_try(const demo_options& options)
{
    const std::string url = "https://localhost:" + std::to_string(options.port);
    const std::string connect = "localhost:" + std::to_string(options.port);
    std::printf(
        "Ferrule demo: TLS on 127.0.0.1:%u in front of a small HTTP server inside this process.\n"
        "Each session's ending is told below. Try, in another terminal:\n"
        "\n"
        "  curl -k %s/                     an ordinary exchange\n"
        "  curl -k %s/bytes/10000000 -o /dev/null\n"
        "  curl -k %s/stream/1000          the server ends first: backend_eof\n"
        "  curl -k %s/reset/100000         the server breaks off: backend_reset, and curl says so\n"
        "  curl -k -T README.md %s/upload  an upload, echoed\n"
        "  openssl s_client -connect %s -quiet\n"
        "      then type GET / HTTP/1.0 and two returns; or press Ctrl-C: a client that just goes\n"
        "\n"
        "Metrics: http://127.0.0.1:%u/metrics. Stop with Ctrl-C.\n\n",
        options.port, url.c_str(), url.c_str(), url.c_str(), url.c_str(), url.c_str(),
        connect.c_str(), options.metrics_port);
    std::fflush(stdout);
}

} // namespace

int run_demo(const demo_options& options)
{
    const demo_backend backend;
    const config::settings settings = demo_settings(options, backend.port());
    metrics::registry numbers{1};
    log::session_log log{settings.log, 1, numbers, log::session_log::style::demo};
    print_what_to_try(options);
    process::process demo{settings, {}, numbers, log};
    return demo.run();
}

} // namespace ferrule::demo
