// The five questions, each on a connection of its own.
#pragma once

#include "net/address.hpp"
#include "trials/probe/facts.hpp"
#include "trials/probe/request.hpp"

namespace ferrule::probe {

/// Asks and waits for the answer; the connection is closed when it returns. Throws
/// std::runtime_error if OpenSSL refuses to work.
observed ask(const step& next, const request& asked, const net::address& where);

} // namespace ferrule::probe
