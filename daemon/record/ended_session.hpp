// One ended session, as the log tells it. A plain value of fixed size, so that handing it from a
// worker to the log is a copy and nothing else.
//
// More than 25 functions or 20 members because each is a field of the log line, in its order.
#pragma once

#include "base/short_text.hpp"
#include "base/time.hpp"
#include "ending/vocabulary.hpp"

#include <array>
#include <cstdint>

namespace ferrule::record {

using base::short_text;

struct ended_session {
    std::int64_t ended_at_microseconds = 0; ///< Unix time
    std::uint64_t session_id = 0;           ///< unique in this process
    short_text<32> listener;
    short_text<64> client;     ///< address:port, or "unix"
    short_text<8> tls_version; ///< "TLSv1.3"; empty before the handshake is done
    short_text<40> cipher;
    short_text<128> sni; ///< as the client sent it: not trusted, escaped when it is written
    short_text<32> alpn;
    bool resumed = false;
    short_text<32> backend;
    short_text<64> server;                ///< empty: no connection to a backend
    std::array<std::uint64_t, 2> bytes{}; ///< [direction], plaintext read from the source
    std::array<std::uint64_t, 2> lost{};  ///< [direction]
    /// [direction]: the kernel had them, and the peer was gone before it had acknowledged them.
    std::array<std::uint64_t, 2> unconfirmed{};
    /// From the client, in ciphertext: received behind the handshake, and never became plaintext.
    std::uint64_t undecrypted = 0;
    ending::cause cause = ending::cause::none;
    ending::cause second = ending::cause::none; ///< none: nothing came after the first
    short_text<96> detail; ///< errno, alert or OpenSSL reason of the first cause; may be empty
    ending::act client_act = ending::act::none;
    ending::act backend_act = ending::act::none;
    ending::outcome outcome = ending::outcome::none;
    ending::first_end first_end = ending::first_end::client;
    base::microseconds handshake{0};
    base::microseconds connect{0};
    base::microseconds half_closed{0};
    base::microseconds close{0}; ///< first end to both sockets released
    base::microseconds total{0};
};

/// True if the ending is worth a line under `log.sessions: abnormal`: an outcome other than clean.
/// Not abnormal are a probe, and a session that is `cut` with no cause or second but client_eof and
/// backend_eof: both ended well as far as the operator's own `mode` or `half_close` let them.
bool is_abnormal(const ended_session& told) noexcept;

} // namespace ferrule::record
