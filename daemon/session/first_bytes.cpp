#include "session/first_bytes.hpp"

#include <algorithm>
#include <array>

namespace ferrule::session {

namespace {

/// A literal that may have zeros in it.
template <std::size_t Size>
constexpr std::string_view raw(const char (&literal)[Size])
{
    return {literal, Size - 1};
}

struct greeting {
    std::string_view begins;
    std::string_view sentence;
};

constexpr std::string_view http = "no TLS: the client speaks plain HTTP";
constexpr std::string_view smtp = "no TLS: the client speaks plain SMTP";
constexpr std::string_view file_transfer = "no TLS: the client speaks plain FTP, POP3 or IRC";
constexpr std::string_view proxy = "no TLS: a PROXY protocol header, which is not understood";

/// From the more special to the more general.
constexpr std::array greetings{
    greeting{"PRI * HTTP/2", "no TLS: the client speaks plain HTTP/2"},
    greeting{"PROXY", proxy},
    greeting{raw("\r\n\r\n\0\r\nQUIT\n"), proxy},
    greeting{"GET ", http},
    greeting{"HEAD ", http},
    greeting{"POST ", http},
    greeting{"PUT ", http},
    greeting{"DELETE ", http},
    greeting{"OPTIONS ", http},
    greeting{"PATCH ", http},
    greeting{"TRACE ", http},
    greeting{"PROPFIND ", http},
    greeting{"CONNECT ", "no TLS: the client takes this for an HTTP proxy"},
    greeting{"SSH-", "no TLS: the client speaks SSH"},
    greeting{"EHLO ", smtp},
    greeting{"HELO ", smtp},
    greeting{"LHLO ", smtp},
    greeting{"USER ", file_transfer},
    greeting{"NICK ", file_transfer},
    greeting{"CAPA", file_transfer},
    greeting{"AUTH ", "no TLS: the client speaks a plain text protocol"},
    greeting{"RTSP", "no TLS: the client speaks plain RTSP"},
    greeting{"<?xml", "no TLS: the client speaks plain XML (XMPP)"},
    greeting{"<stream:", "no TLS: the client speaks plain XML (XMPP)"},
    // The length is fixed, and the numbers are 1234.5679 and 1234.5680.
    greeting{raw("\0\0\0\x08\x04\xd2\x16\x2f"),
             "no TLS: a PostgreSQL SSLRequest, which asks for an answer before TLS"},
    greeting{raw("\0\0\0\x08\x04\xd2\x16\x30"),
             "no TLS: a PostgreSQL GSSENCRequest, which asks for an answer before TLS"},
    greeting{"\x04\x01", "no TLS: the client takes this for a SOCKS proxy"},
};

/// The byte at that place; 0 behind the end.
std::uint8_t at(std::span<const std::byte> bytes, std::size_t place)
{
    return place < bytes.size() ? std::to_integer<std::uint8_t>(bytes[place]) : 0;
}

bool is_printable(std::byte byte)
{
    const auto letter = std::to_integer<std::uint8_t>(byte);
    return (letter >= 0x20 && letter < 0x7f) || letter == '\r' || letter == '\n' || letter == '\t';
}

bool is_text(std::span<const std::byte> bytes)
{
    return bytes.size() >= 4 && std::ranges::all_of(bytes, is_printable);
}

/// What has lengths and counters among the bytes that say what it is.
std::string_view binary_protocol(std::span<const std::byte> first)
{
    // PostgreSQL without TLS: length, then version 3.0.
    if (first.size() >= 8 && at(first, 0) == 0 && at(first, 1) == 0 && at(first, 4) == 0 &&
        at(first, 5) == 3 && at(first, 6) == 0)
        return "no TLS: the client speaks plain PostgreSQL";
    // RFC 1928: version 5, how many methods, the methods.
    if (at(first, 0) == 5 && first.size() >= 3 && first.size() == 2u + at(first, 1))
        return "no TLS: the client takes this for a SOCKS proxy";
    // TPKT (RFC 1006) with an X.224 connection request in it.
    if (first.size() >= 6 && at(first, 0) == 3 && at(first, 1) == 0 && at(first, 5) == 0xe0)
        return "no TLS: the client speaks RDP";
    // A record of SSL 2.0 with its CLIENT-HELLO for nothing newer.
    if (first.size() >= 5 && (at(first, 0) & 0x80) != 0 && at(first, 2) == 1)
        return at(first, 3) == 0 ? "no TLS: the client speaks SSL 2.0"
                                 : std::string_view{}; // for TLS, which OpenSSL understands
    // MQTT's CONNECT: its name stands behind two lengths.
    if (first.size() >= 8 && at(first, 0) == 0x10 && at(first, 4) == 'M' && at(first, 5) == 'Q')
        return "no TLS: the client speaks plain MQTT";
    return "no TLS: the client's first bytes are no TLS record";
}

} // namespace

std::string_view no_tls_but(std::span<const std::byte> first) noexcept
{
    first = first.first(std::min(first.size(), first_bytes_looked_at));
    // Records of TLS: change_cipher_spec, alert, handshake, application_data.
    if (first.empty() || (at(first, 0) >= 0x14 && at(first, 0) <= 0x17))
        return {};
    const std::string_view text{reinterpret_cast<const char*>(first.data()), first.size()};
    for (const greeting& each : greetings) {
        if (text.starts_with(each.begins))
            return each.sentence;
    }
    if (is_text(first))
        return "no TLS: the client speaks a plain text protocol";
    return first.size() < 3 ? std::string_view{} : binary_protocol(first);
}

} // namespace ferrule::session
