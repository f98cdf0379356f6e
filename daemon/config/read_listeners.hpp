// The lists `listeners` and `backends`, each entry by itself; what they say of each other is
// checked in cross_check.hpp.
#pragma once

#include "config/read_shutdown.hpp"
#include "config/reader.hpp"
#include "config/settings.hpp"
#include "yaml/block.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ferrule::config {

/// A text with its place: a name, or a reference to one.
struct placed_text {
    std::string text;
    yaml::place at;
    std::string path;
};

/// An address with its place; "*:443" is two of them in one place.
struct placed_endpoint {
    endpoint address;
    std::string text; ///< as written
    yaml::place at;
    std::string path;
};

struct backend_draft {
    backend_settings settings;
    std::optional<placed_text> name; ///< nullopt if missing or wrong
    shutdown_block shutdown;
};

struct listener_draft {
    listener_settings settings; ///< without timeouts and shutdown, which depend on other blocks
    std::optional<placed_text> name;
    std::optional<placed_text> backend;
    std::vector<placed_endpoint> addresses;
    timeouts_block timeouts;
    shutdown_block shutdown;
};

/// A list of `root` whose entries are read; nullopt if it is missing, empty, or not a list.
template <class draft>
using drafts = std::optional<std::vector<draft>>;

drafts<backend_draft> read_backends(const yaml::block& root, yaml::report& out);
drafts<listener_draft> read_listeners(const yaml::block& root, const std::string& directory,
                                      const tls_inspector& inspect, yaml::report& out);

} // namespace ferrule::config
