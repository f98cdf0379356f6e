// Every key of the configuration, block by block, in the order of config/ferrule.yaml. A block
// refuses keys that do not stand here, and a reader can ask for no others, so this is all there is;
// tests hold config/ferrule.yaml and docs/configuration.md against it.
#pragma once

#include <array>
#include <string_view>

namespace ferrule::config::keys {

using name = std::string_view;

inline constexpr std::array root{
    name("workers"),  name("limits"),    name("log"),      name("metrics"),
    name("control"),  name("drain"),     name("watch"),    name("timeouts"),
    name("shutdown"), name("listeners"), name("backends"),
};
inline constexpr std::array limits{name("sessions")};
inline constexpr std::array log{name("level"), name("format"), name("target"), name("sessions"),
                                name("recorder")};
inline constexpr std::array metrics{name("address"), name("certificate"), name("key"),
                                    name("password_file"), name("hosts")};
inline constexpr std::array control{name("path"), name("mode")};
inline constexpr std::array drain{name("delay"), name("timeout"), name("spread")};
inline constexpr std::array timeouts{
    name("handshake"),
    name("connect"),
    name("idle"),
    name("lifetime"),
};
inline constexpr std::array shutdown{
    name("mode"),
    name("timeout"),
    name("half_close"),
    name("half_close_timeout"),
    name("stall_timeout"),
    name("linger"),
    name("linger_bytes"),
    name("deadline"),
    name("on_client_truncation"),
    name("on_client_reset"),
    name("on_backend_reset"),
    name("on_proxy_end"),
    name("quiet"),
};
inline constexpr std::array listener{
    name("name"),    name("addresses"), name("backlog"),  name("tls"),
    name("backend"), name("timeouts"),  name("shutdown"),
};
inline constexpr std::array tls{
    name("certificate"), name("key"),         name("ticket_keys"),
    name("min_version"), name("max_version"), name("ciphers"),
    name("suites"),      name("groups"),      name("alpn"),
};
inline constexpr std::array backend{name("name"), name("servers"), name("shutdown")};

} // namespace ferrule::config::keys
