#pragma once

#include "options.hpp"

namespace load {

/// The commands that put a load on a proxy; prints the result. The exit code of the program.
int run_load(const options& chosen);

/// `load relay`: the plain relay that the others are compared with; until it is killed.
int run_relay(const options& chosen);

/// `load crypto`: what OpenSSL alone costs the server for each session and GiB.
int run_crypto(const options& chosen);

} // namespace load
