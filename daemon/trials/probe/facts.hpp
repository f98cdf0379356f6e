// What `ferrule probe` asks, and what it saw on the wire when it asked. Plain values.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace ferrule::probe {

/// One question is one connection.
enum class question : std::uint8_t {
    goodbye,    ///< we send the text and wait: how does it end, and how long does it stay then?
    answer,     ///< we send a close_notify and nothing else: how is it answered?
    half_close, ///< we send the text with a close_notify right behind: does the reply come whole?
    cut,        ///< we send half of the text and a bare FIN: is that told from an end?
    last_bytes, ///< we send a little more while the reply is under way: does the reply survive?
};
inline constexpr int question_count = 5;

enum class tls_version : std::uint8_t { tls12, tls13 };

enum class reached : std::uint8_t {
    nothing, ///< there is no TCP connection
    tcp,     ///< the handshake did not succeed
    tls,
};

/// Moments are counted from the end of the handshake.
using moment = std::optional<base::milliseconds>;

struct observed {
    question asked = question::goodbye;
    tls_version version = tls_version::tls13;
    reached how_far = reached::nothing;
    std::string trouble;     ///< why not further, or what is wrong with the TLS that came later
    std::string cipher;      ///< as OpenSSL names it
    std::string alpn;        ///< what the server chose
    std::uint64_t bytes = 0; ///< of plaintext that came
    moment our_close_notify; ///< not the one with which every connection that is still up ends
    moment our_fin;          ///< the same
    moment close_notify;     ///< its close_notify came
    moment failed;           ///< its fatal alert, or bytes that are not TLS
    moment fin;              ///< its TCP FIN
    moment reset;            ///< its RST, or the kernel gave the connection up
    moment gone;             ///< after its end: our bytes were answered by an RST, so it has closed
    base::milliseconds watched{}; ///< until when we looked
    bool is_cut_short = false;    ///< we stopped: it sends and sends (see docs/probe.md)
};

} // namespace ferrule::probe
