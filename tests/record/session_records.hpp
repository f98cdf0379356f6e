// Ended sessions for the tests of the log.
#pragma once

#include "record/ended_session.hpp"

#include <cstdint>
#include <string_view>

namespace ferrule::test {

/// 2026-11-24T08:18:30.123456Z.
inline constexpr std::int64_t moment_microseconds = 1'795'508'310'123'456;

/// A client that downloads something and says goodbye, with every field filled except `detail`.
inline record::ended_session clean_session(std::uint64_t id = 12)
{
    record::ended_session ended;
    ended.ended_at_microseconds = moment_microseconds;
    ended.session_id = id;
    ended.listener = std::string_view{"web"};
    ended.client = std::string_view{"127.0.0.1:50000"};
    ended.tls_version = std::string_view{"TLSv1.3"};
    ended.cipher = std::string_view{"TLS_AES_128_GCM_SHA256"};
    ended.sni = std::string_view{"example.org"};
    ended.alpn = std::string_view{"h2"};
    ended.backend = std::string_view{"app"};
    ended.server = std::string_view{"127.0.0.1:80"};
    ended.bytes = {78, 6532};
    ended.cause = ending::cause::client_eof;
    ended.second = ending::cause::backend_eof;
    ended.client_act = ending::act::exchanged;
    ended.backend_act = ending::act::exchanged;
    ended.outcome = ending::outcome::clean;
    ended.handshake = base::microseconds{1234};
    ended.connect = base::microseconds{210};
    ended.half_closed = base::microseconds{3000};
    ended.close = base::microseconds{3100};
    ended.total = base::microseconds{8400};
    return ended;
}

/// A backend that resets the connection while a client takes nothing.
inline record::ended_session lossy_session(std::uint64_t id = 13)
{
    record::ended_session ended = clean_session(id);
    ended.lost = {0, 113'152};
    ended.unconfirmed = {12, 34};
    ended.cause = ending::cause::backend_reset;
    ended.second = ending::cause::none;
    ended.detail = std::string_view{"Connection reset by peer"};
    ended.client_act = ending::act::reset;
    ended.backend_act = ending::act::gone;
    ended.outcome = ending::outcome::lost;
    ended.first_end = ending::first_end::backend;
    return ended;
}

/// A client that left before its first byte.
inline record::ended_session probe_session(std::uint64_t id = 14)
{
    record::ended_session ended;
    ended.ended_at_microseconds = moment_microseconds;
    ended.session_id = id;
    ended.listener = std::string_view{"web"};
    ended.client = std::string_view{"127.0.0.1:50001"};
    ended.backend = std::string_view{"app"};
    ended.cause = ending::cause::probe;
    ended.client_act = ending::act::exchanged;
    return ended;
}

} // namespace ferrule::test
