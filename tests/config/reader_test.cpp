// What a good file means. What is wrong with a bad one is in golden/.

#include "config/reader_fixture.hpp"

namespace ferrule::config {

namespace {

TEST_F(reader, takes_defaults_for_all_that_is_left_out)
{
    const settings result = good(file());
    EXPECT_EQ(result.workers, 0);
    EXPECT_EQ(result.max_sessions, 0u);
    EXPECT_EQ(result.log, log_settings{});
    EXPECT_EQ(result.drain, drain_settings{});
    EXPECT_EQ(result.watch, 5s);
    ASSERT_TRUE(result.metrics_address);
    EXPECT_EQ(result.metrics_address->text(), "127.0.0.1:9464");
    ASSERT_EQ(result.listeners.size(), 1u);
    const listener_settings& web = result.listeners[0];
    EXPECT_EQ(web.backlog, 4096);
    EXPECT_EQ(web.timeouts, timeout_settings{});
    EXPECT_EQ(web.route.shutdown, shutdown_settings{});
    EXPECT_EQ(web.tls.ciphers, default_ciphers);
    EXPECT_TRUE(web.tls.alpn.empty());
    EXPECT_EQ(web.tls.ticket_keys_path, "");
    EXPECT_TRUE(web.tls.ticket_keys_text.empty());
}

TEST_F(reader, reads_every_key)
{
    const settings result = good(file(R"(
workers: 4
limits: {sessions: 1000}
log: {level: debug, format: json, target: /var/log/ferrule.log, sessions: abnormal,
      recorder: 64}
metrics: {address: "[::1]:9000"}
drain: {delay: 1s, timeout: 2m, spread: 1m30s}
watch: 1m
)",
                                      R"(
    backlog: 16
    timeouts: {handshake: 1s, connect: 2s, idle: off, lifetime: 3h}
    shutdown:
      mode: notify
      timeout: 1s
      half_close: close
      half_close_timeout: 2s
      stall_timeout: 3s
      linger: 0s
      linger_bytes: 64KiB
      deadline: 1m
      on_client_truncation: fin
      on_client_reset: fin
      on_backend_reset: truncate
      on_proxy_end: reset
      quiet: 4s
)"));
    EXPECT_EQ(result.workers, 4);
    EXPECT_EQ(result.max_sessions, 1000u);
    EXPECT_EQ(result.log, (log_settings{log_level::debug, log_format::json, "/var/log/ferrule.log",
                                        logged_sessions::abnormal, 64}));
    EXPECT_EQ(result.metrics_address->text(), "[::1]:9000");
    EXPECT_EQ(result.drain, (drain_settings{1s, 2min, 90s}));
    EXPECT_EQ(result.watch, 1min);
    const listener_settings& web = result.listeners.at(0);
    EXPECT_EQ(web.backlog, 16);
    EXPECT_EQ(web.timeouts, (timeout_settings{1s, 2s, base::off, 3h}));
    const shutdown_settings expected{
        {ending::mode::notify, ending::half_close::close, ending::client_policy::fin,
         ending::client_policy::fin, ending::backend_policy::truncate, ending::proxy_policy::reset},
        1s,
        2s,
        3s,
        0s,
        65536,
        1min,
        4s};
    EXPECT_EQ(web.route.shutdown, expected);
}

TEST_F(reader, reads_certificate_and_key_from_the_files_directory)
{
    const tls_settings tls = good(file()).listeners.at(0).tls;
    EXPECT_EQ(tls.certificate_path, files.path("a.pem"));
    EXPECT_EQ(tls.key_path, files.path("a.key"));
    EXPECT_EQ(tls.certificate_pem, "certificate a\n");
    EXPECT_EQ(tls.key_pem, "key a\n");
}

TEST_F(reader, reads_ticket_keys_from_the_files_directory_unless_they_are_off)
{
    files.write("off", "a file of this name is ./off\n");
    const auto with = [](const std::string& value) {
        std::string text = file();
        return text.replace(text.find("a.key}"), 6, "a.key, ticket_keys: " + value + "}");
    };
    const tls_settings off = good(with("off")).listeners.at(0).tls;
    EXPECT_EQ(off.ticket_keys_path, "");
    EXPECT_TRUE(off.ticket_keys_text.empty());
    const tls_settings tls = good(with("./off")).listeners.at(0).tls;
    EXPECT_EQ(tls.ticket_keys_path, files.path("./off"));
    EXPECT_EQ(tls.ticket_keys_text.reveal(), "a file of this name is ./off\n");
    EXPECT_NE(tls, off);
}

TEST_F(reader, lets_watch_be_off)
{
    EXPECT_EQ(good(file("watch: off\n")).watch, base::off);
}

TEST_F(reader, takes_absolute_paths_as_they_are)
{
    std::string text = file();
    text.replace(text.find("a.pem"), 5, files.path("a.pem"));
    const reading result = read(text, files.path("elsewhere"), {});
    EXPECT_EQ(result.findings.size(), 1u) << "the key only";
    EXPECT_EQ(result.findings.at(0).message,
              "listener 'web': tls.key: 'a.key' cannot be read: No such file or directory");
}

TEST_F(reader, reads_tls_versions_as_numbers_and_as_texts)
{
    std::string text = file();
    text.replace(text.find("key: a.key"), 10, "key: a.key, min_version: \"1.3\", max_version: 1.3");
    const tls_settings tls = good(text).listeners.at(0).tls;
    EXPECT_EQ(tls.min_version, 0x0304);
    EXPECT_EQ(tls.max_version, 0x0304);
}

TEST_F(reader, takes_one_value_for_a_list_of_one)
{
    std::string text = file();
    text.replace(text.find("key: a.key"), 10, "key: a.key, alpn: h2");
    EXPECT_EQ(good(text).listeners.at(0).tls.alpn, std::vector<std::string>{"h2"});
}

TEST_F(reader, expands_a_star_to_both_families)
{
    std::string text = file();
    text.replace(text.find("127.0.0.1:8443"), 14, "*:8443");
    const auto addresses = good(text).listeners.at(0).addresses;
    ASSERT_EQ(addresses.size(), 2u);
    EXPECT_EQ(addresses[0].text(), "0.0.0.0:8443");
    EXPECT_EQ(addresses[1].text(), "[::]:8443");
}

TEST_F(reader, lets_metrics_be_off)
{
    EXPECT_FALSE(good(file("metrics: {address: off}\n")).metrics_address);
}

TEST_F(reader, lets_the_listeners_timeouts_win_key_by_key)
{
    const auto timeouts = good(file("timeouts: {connect: 1s, idle: 2h, lifetime: 5h}\n",
                                    "    timeouts: {idle: off, handshake: 3s}\n"))
                              .listeners.at(0)
                              .timeouts;
    EXPECT_EQ(timeouts, (timeout_settings{3s, 1s, base::off, 5h}));
}

TEST_F(reader, lets_the_nearest_shutdown_option_win_one_by_one)
{
    const auto shutdown =
        good(file("shutdown: {timeout: 1s, stall_timeout: 1s, linger: 1s, mode: abort}\n",
                  "    shutdown: {timeout: 3s}\n", "    shutdown: {timeout: 2s, linger: 2s}\n"))
            .listeners.at(0)
            .route.shutdown;
    EXPECT_EQ(shutdown.timeout, 3s) << "listener over backend over top level";
    EXPECT_EQ(shutdown.linger, 2s) << "backend over top level";
    EXPECT_EQ(shutdown.stall_timeout, 1s) << "top level";
    EXPECT_EQ(shutdown.rules.mode, ending::mode::abort);
    EXPECT_EQ(shutdown.half_close_timeout, 60s) << "default";
}

TEST_F(reader, lets_durations_that_are_not_written_follow_a_lower_deadline)
{
    const auto shutdown = good(file("shutdown: {deadline: 1s}\n")).listeners.at(0).route.shutdown;
    EXPECT_EQ(shutdown.timeout, 1s);
    EXPECT_EQ(shutdown.stall_timeout, 1s);
    EXPECT_EQ(shutdown.linger, 1s);
    EXPECT_EQ(shutdown.half_close_timeout, 60s) << "it runs before the deadline does";
}

TEST_F(reader, lets_a_spread_that_is_not_written_follow_a_shorter_drain)
{
    EXPECT_EQ(good(file("drain: {timeout: 4s}\n")).drain.spread, 4s);
    EXPECT_EQ(good(file("drain: {timeout: 4m}\n")).drain.spread, 10s);
}

TEST_F(reader, says_the_same_thing_once)
{
    const std::string text = file("shutdown: {timeout: 10m}\n") +
                             "  - name: other\n"
                             "    servers: \"127.0.0.1:8080\"\n";
    std::string two = text;
    two.insert(two.find("backends:"), "  - name: mail\n"
                                      "    addresses: \"127.0.0.1:8444\"\n"
                                      "    tls: {certificate: a.pem, key: a.key}\n"
                                      "    backend: other\n");
    EXPECT_EQ(read_text(two).findings.size(), 1u);
}

TEST_F(reader, takes_thousands_of_faults_in_its_stride)
{
    std::string text = "listeners:\n";
    for (int i = 0; text.size() < 350'000; ++i)
        text += "  - {name: n" + std::to_string(i) + ", addresses: \"*:443\", backend: b" +
                std::to_string(i) + ", tls: {}}\n";
    text += "backends:\n";
    for (int i = 0; text.size() < 500'000; ++i)
        text += "  - {name: m" + std::to_string(i) + ", servers: \"127.0.0.1:1\"}\n";
    const reading result = read_text(text);
    EXPECT_FALSE(result.settings);
    EXPECT_GT(result.findings.size(), 1000u);
    EXPECT_FALSE(yaml::to_text(result.findings, text, "file").empty());
}

} // namespace
} // namespace ferrule::config
