// A session for programs, as docs/metrics.md lists its fields.
#include "record/json.hpp"

#include "record/session_records.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ferrule::record {
namespace {

namespace json = boost::json;

TEST(json_of_a_session, has_the_names_of_the_log_and_durations_in_seconds)
{
    ended_session told = test::lossy_session();
    told.lost = {1, 2};
    told.unconfirmed = {3, 4};
    told.undecrypted = 5;
    told.second = ending::cause::client_eof;
    told.handshake = base::microseconds{1500};
    told.connect = base::microseconds{250};
    told.half_closed = base::microseconds{0};
    told.close = base::microseconds{3'100'000};
    told.total = base::microseconds{7'000'500};
    EXPECT_EQ(json::value(to_json(told)),
              json::parse(R"({"session":13,"ended_at_seconds":1795508310.123456,"abnormal":true,
                  "listener":"web","client":"127.0.0.1:50000","tls":"TLSv1.3",
                  "cipher":"TLS_AES_128_GCM_SHA256","sni":"example.org","alpn":"h2",
                  "resumed":false,"backend":"app","server":"127.0.0.1:80",
                  "to_backend_bytes":78,"to_client_bytes":6532,
                  "cause":"backend_reset","second":"client_eof",
                  "detail":"Connection reset by peer",
                  "client_act":"reset","backend_act":"gone","outcome":"lost",
                  "lost_to_backend_bytes":1,"lost_to_client_bytes":2,
                  "unconfirmed_to_backend_bytes":3,"unconfirmed_to_client_bytes":4,
                  "undecrypted_bytes":5,"first_end":"backend",
                  "handshake_seconds":0.0015,"connect_seconds":0.00025,
                  "half_closed_seconds":0.0,"close_seconds":3.1,"total_seconds":7.0005})"));
}

TEST(json_of_a_session, is_null_where_there_is_nothing)
{
    ended_session told = test::probe_session();
    told.second = ending::cause::none;
    told.sni = std::string_view{};
    told.server = std::string_view{};
    const json::object all = to_json(told);
    for (const char* const name : {"second", "sni", "server"})
        EXPECT_TRUE(all.at(name).is_null()) << name;
    EXPECT_EQ("probe", all.at("cause"));
    EXPECT_EQ("none", all.at("outcome")) << "a word of its own: there was no session";
}

TEST(json_of_a_session, is_utf8_whatever_clients_have_sent)
{
    ended_session odd = test::clean_session();
    const std::string bytes("\"\\\0</script>\x01\xff\xc3\x28\n", 17);
    odd.sni = bytes;
    odd.detail = bytes;
    const std::string expected("\"\\\0</script>\x01\xef\xbf\xbd\xef\xbf\xbd\x28\n", 21);
    EXPECT_EQ(expected, to_json(odd).at("sni").as_string());
    EXPECT_EQ(expected, to_json(odd).at("detail").as_string());
}

TEST(json_of_a_session, that_goes_on_has_a_state_and_no_end_yet)
{
    snapshot seen;
    seen.at = state::relaying;
    seen.silent = base::milliseconds{1500};
    seen.so_far.session_id = 7;
    seen.so_far.total = base::seconds{12};
    json::object told = to_json(seen);
    EXPECT_EQ(7, told["session"]);
    EXPECT_EQ("relaying", told["state"]);
    EXPECT_EQ(1.5, told["silent_seconds"]);
    EXPECT_EQ(12.0, told["total_seconds"]);
    EXPECT_FALSE(told.contains("ended_at_seconds"));
    EXPECT_FALSE(told.contains("abnormal"));
    for (const char* const name :
         {"cause", "second", "client_act", "backend_act", "outcome", "first_end"})
        EXPECT_TRUE(told[name].is_null()) << name;
}

TEST(json_of_a_session, that_goes_on_tells_what_has_ended)
{
    snapshot seen;
    seen.at = state::half_closed;
    seen.so_far.cause = ending::cause::client_eof;
    json::object told = to_json(seen);
    EXPECT_EQ("half_closed", told["state"]);
    EXPECT_EQ("client_eof", told["cause"]);
    EXPECT_TRUE(told["second"].is_null());
    EXPECT_EQ("client", told["first_end"]);
}

TEST(state, has_a_word_that_is_read_back)
{
    for (const auto each : {state::handshaking, state::connecting, state::relaying,
                            state::half_closed, state::closing})
        EXPECT_EQ(each, state_of(to_text(each)));
    EXPECT_EQ(std::nullopt, state_of("odd"));
}

} // namespace
} // namespace ferrule::record
