// The status page: status_page.html, which CMake puts into the binary.
#pragma once

#include <string>
#include <string_view>

namespace ferrule::exporter {

/// The page as UTF-8 HTML. It needs nothing but /status.json beside it.
std::string_view status_page();

/// The Content-Security-Policy (CSP level 3) under which the page works and nothing else does: its
/// one style and its one script by their hashes, and requests to where it came from.
const std::string& status_page_policy();

} // namespace ferrule::exporter
