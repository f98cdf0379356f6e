#include "log/session_log.hpp"
#include "record/session_records.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ferrule::log {
namespace {

using test::clean_session;
using test::lossy_session;
using test::probe_session;
using namespace std::chrono_literals;

TEST(session_line, text_has_all_fields_in_the_order_of_the_manual)
{
    EXPECT_EQ(text_line(clean_session()),
              "ended session=12 listener=web client=127.0.0.1:50000 tls=TLSv1.3 "
              "cipher=TLS_AES_128_GCM_SHA256 sni=example.org alpn=h2 resumed=no backend=app "
              "server=127.0.0.1:80 to_backend_bytes=78 to_client_bytes=6532 cause=client_eof "
              "second=backend_eof detail=- client_act=exchanged backend_act=exchanged "
              "outcome=clean lost_to_backend_bytes=0 lost_to_client_bytes=0 "
              "unconfirmed_to_backend_bytes=0 unconfirmed_to_client_bytes=0 "
              "undecrypted_bytes=0 first_end=client "
              "handshake_ms=1.234 connect_ms=0.210 half_closed_ms=3.000 close_ms=3.100 "
              "total_ms=8.400");
}

TEST(session_line, text_tells_a_loss)
{
    EXPECT_EQ(text_line(lossy_session()),
              "ended session=13 listener=web client=127.0.0.1:50000 tls=TLSv1.3 "
              "cipher=TLS_AES_128_GCM_SHA256 sni=example.org alpn=h2 resumed=no backend=app "
              "server=127.0.0.1:80 to_backend_bytes=78 to_client_bytes=6532 cause=backend_reset "
              "second=- detail=\"Connection reset by peer\" client_act=reset backend_act=gone "
              "outcome=lost lost_to_backend_bytes=0 lost_to_client_bytes=113152 "
              "unconfirmed_to_backend_bytes=12 unconfirmed_to_client_bytes=34 undecrypted_bytes=0 "
              "first_end=backend handshake_ms=1.234 connect_ms=0.210 half_closed_ms=3.000 "
              "close_ms=3.100 total_ms=8.400");
}

TEST(session_line, text_writes_a_dash_for_what_never_was)
{
    EXPECT_EQ(text_line(probe_session()),
              "ended session=14 listener=web client=127.0.0.1:50001 tls=- cipher=- sni=- alpn=- "
              "resumed=no backend=app server=- to_backend_bytes=0 to_client_bytes=0 cause=probe "
              "second=- detail=- client_act=exchanged backend_act=none outcome=none "
              "lost_to_backend_bytes=0 lost_to_client_bytes=0 "
              "unconfirmed_to_backend_bytes=0 unconfirmed_to_client_bytes=0 "
              "undecrypted_bytes=0 first_end=client "
              "handshake_ms=0.000 connect_ms=0.000 half_closed_ms=0.000 close_ms=0.000 "
              "total_ms=0.000");
}

TEST(session_line, a_hostile_server_name_forges_no_field_and_no_line)
{
    auto ended = clean_session();
    ended.sni = std::string_view{"x\" outcome=clean\nended session=99"};
    const std::string text = text_line(ended);
    EXPECT_NE(text.find(R"( sni="x\" outcome=clean\x0aended session=99" alpn=)"), std::string::npos)
        << text;
    EXPECT_EQ(text.find('\n'), std::string::npos);

    const std::string json = json_line(ended);
    EXPECT_NE(json.find(R"("sni":"x\" outcome=clean\u000aended session=99","alpn")"),
              std::string::npos)
        << json;
    EXPECT_EQ(json.find('\n'), std::string::npos);
}

TEST(session_line, json_has_the_same_fields_with_types)
{
    auto ended = clean_session();
    ended.resumed = true;
    EXPECT_EQ(
        json_line(ended),
        R"({"time":"2026-11-24T08:18:30.123Z","level":"info","event":"session_ended",)"
        R"("session":12,"listener":"web","client":"127.0.0.1:50000","tls":"TLSv1.3",)"
        R"("cipher":"TLS_AES_128_GCM_SHA256","sni":"example.org","alpn":"h2",)"
        R"("resumed":true,"backend":"app","server":"127.0.0.1:80","to_backend_bytes":78,)"
        R"("to_client_bytes":6532,"cause":"client_eof","second":"backend_eof",)"
        R"("detail":null,"client_act":"exchanged","backend_act":"exchanged",)"
        R"("outcome":"clean","lost_to_backend_bytes":0,"lost_to_client_bytes":0,)"
        R"("unconfirmed_to_backend_bytes":0,"unconfirmed_to_client_bytes":0,"undecrypted_bytes":0,)"
        R"("first_end":"client","handshake_ms":1.234,"connect_ms":0.210,)"
        R"("half_closed_ms":3.000,"close_ms":3.100,"total_ms":8.400})");
}

TEST(session_line, json_writes_null_for_what_never_was)
{
    EXPECT_EQ(
        json_line(probe_session()),
        R"({"time":"2026-11-24T08:18:30.123Z","level":"debug","event":"session_ended",)"
        R"("session":14,"listener":"web","client":"127.0.0.1:50001","tls":null,)"
        R"("cipher":null,"sni":null,"alpn":null,"resumed":false,"backend":"app",)"
        R"("server":null,"to_backend_bytes":0,"to_client_bytes":0,"cause":"probe",)"
        R"("second":null,"detail":null,"client_act":"exchanged","backend_act":"none",)"
        R"("outcome":"none","lost_to_backend_bytes":0,"lost_to_client_bytes":0,)"
        R"("unconfirmed_to_backend_bytes":0,"unconfirmed_to_client_bytes":0,"undecrypted_bytes":0,)"
        R"("first_end":"client","handshake_ms":0.000,"connect_ms":0.000,)"
        R"("half_closed_ms":0.000,"close_ms":0.000,"total_ms":0.000})");
}

TEST(session_line, a_newcomer_reads_what_the_words_mean)
{
    EXPECT_EQ(demo_line(clean_session(3)),
              "session 3  clean        client_eof (the client said goodbye, a close_notify), then "
              "backend_eof (the backend had no more to send and closed); 78 B to the backend, "
              "6532 B to the client, nothing lost; closed in 3.1 ms");
    EXPECT_EQ(demo_line(lossy_session(4)),
              "session 4  lost         backend_reset (the backend's connection was reset: "
              "\"Connection reset by peer\"); 78 B to the backend, 6532 B to the client, lost on "
              "the way: 0 B to the backend, 110.5 KiB to the client; closed in 3.1 ms");
    auto cut = clean_session(6);
    cut.cause = ending::cause::client_truncated;
    cut.second = ending::cause::none;
    cut.outcome = ending::outcome::cut;
    EXPECT_EQ(demo_line(cut),
              "session 6  cut          client_truncated (the client's bytes stopped without a "
              "close_notify); 78 B to the backend, 6532 B to the client, nothing lost; closed in "
              "3.1 ms");
    auto unconfirmed = clean_session(5);
    unconfirmed.outcome = ending::outcome::unconfirmed;
    unconfirmed.bytes = {0, 10ULL << 30};
    unconfirmed.close = 2s;
    EXPECT_EQ(demo_line(unconfirmed),
              "session 5  unconfirmed  client_eof (the client said goodbye, a close_notify), then "
              "backend_eof (the backend had no more to send and closed); 0 B to the backend, "
              "10.0 GiB to the client, the last of them sent, but never acknowledged; closed in "
              "2.0 s");
}

TEST(session_line, every_cause_has_a_meaning_of_its_own)
{
    std::vector<std::string> meanings;
    for (const auto cause : ending::all_causes) {
        auto ended = probe_session();
        ended.cause = cause;
        const std::string line = demo_line(ended);
        const auto start = line.find(" (");
        meanings.push_back(line.substr(start, line.find(");") - start));
        EXPECT_EQ(line.find("unknown"), std::string::npos) << line;
    }
    std::sort(meanings.begin(), meanings.end());
    EXPECT_EQ(std::unique(meanings.begin(), meanings.end()), meanings.end());
}

TEST(session_line, the_level_follows_the_ending)
{
    EXPECT_EQ(level_of(clean_session()), config::log_level::info);
    EXPECT_EQ(level_of(lossy_session()), config::log_level::warning);
    EXPECT_EQ(level_of(probe_session()), config::log_level::debug);
    auto asked = clean_session(); // an end of ours that both sides have made a clean one
    asked.cause = ending::cause::drain;
    EXPECT_EQ(level_of(asked), config::log_level::info);
}

TEST(session_line, level_and_choice_decide_together_what_is_logged)
{
    using config::log_level;
    using config::logged_sessions;

    const struct {
        log_level level;
        logged_sessions which;
        bool clean;
        bool lossy;
        bool probe;
    } rows[] = {
        {log_level::debug, logged_sessions::all, true, true, true},
        {log_level::info, logged_sessions::all, true, true, false},
        {log_level::warning, logged_sessions::all, false, true, false},
        {log_level::error, logged_sessions::all, false, false, false},
        {log_level::debug, logged_sessions::abnormal, false, true, false},
        {log_level::error, logged_sessions::abnormal, false, false, false},
        {log_level::debug, logged_sessions::none, false, false, false},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(is_logged(clean_session(), row.level, row.which), row.clean);
        EXPECT_EQ(is_logged(lossy_session(), row.level, row.which), row.lossy);
        EXPECT_EQ(is_logged(probe_session(), row.level, row.which), row.probe);
    }
}

} // namespace
} // namespace ferrule::log
