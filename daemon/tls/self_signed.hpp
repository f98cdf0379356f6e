// A throw-away certificate for `ferrule demo` and for tests.
#pragma once

#include <string>

namespace ferrule::tls {

struct key_pair {
    std::string certificate_pem;
    std::string key_pem;
};

/// A new P-256 key and a self-signed certificate for it: CN=localhost, subject alternative names
/// localhost, 127.0.0.1 and ::1, valid from an hour ago for `days`. Throws std::runtime_error.
key_pair make_self_signed(int days);

} // namespace ferrule::tls
