// A configuration with one listener, for tests of what is made of it.
#pragma once

#include "config/endpoints.hpp"
#include "config/settings.hpp"
#include "tls/self_signed.hpp"

#include <string>
#include <utility>

namespace ferrule::process {

inline config::settings settings_with(const std::string& address)
{
    static const tls::key_pair made = tls::make_self_signed(1);
    config::listener_settings listener;
    listener.name = "web";
    listener.addresses =
        config::parse_endpoints(address, config::address_use::listen).value.value();
    listener.tls.certificate_pem = made.certificate_pem;
    listener.tls.key_pem = made.key_pem;
    listener.route.backend = "app";
    config::settings settings;
    settings.listeners.push_back(std::move(listener));
    settings.backends.push_back({"app", {{config::endpoint::kind::ip4, "127.0.0.1", 1}}});
    return settings;
}

} // namespace ferrule::process
