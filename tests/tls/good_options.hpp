// Options that make a good context, for tests that spoil one of them.
#pragma once

#include "tls/context.hpp"
#include "tls/made_certificate.hpp"

namespace ferrule::test {

inline const made_certificate& good_certificate()
{
    static const auto made = make_certificate({});
    return made;
}

/// A key of which each byte is `byte`.
inline tls::ticket_key ticket_key_of(unsigned char byte)
{
    tls::ticket_key key;
    key.bytes.fill(byte);
    return key;
}

inline tls::context_options options_with(const made_certificate& made)
{
    tls::context_options options;
    options.certificate_pem = made.certificate_pem;
    options.key_pem = made.key_pem;
    options.groups = "X25519:P-256:P-384";
    options.session_id_context = "web";
    options.tickets = {ticket_key_of(7)};
    return options;
}

inline tls::context_options good_options()
{
    return options_with(good_certificate());
}

} // namespace ferrule::test
