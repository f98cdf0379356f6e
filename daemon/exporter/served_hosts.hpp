// Under which names the exporter is asked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ferrule::exporter {

/// Whether `field`, a request's Host (RFC 9110 7.2), is an IP address, `localhost`, or one of
/// `names`, with or without a port. A page of anybody whose own name leads to this address (DNS
/// rebinding) would otherwise read what is served here, since to a browser it is the same site.
/// Without a Host it is no browser that asks.
bool is_served_host(std::string_view field, const std::vector<std::string>& names);

} // namespace ferrule::exporter
