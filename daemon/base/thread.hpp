// Threads that serve the process without being in its way.
#pragma once

#include <functional>
#include <string>
#include <thread>

namespace ferrule::base {

/// Starts a thread that takes no signals: they stay with the threads that wait for them, and a
/// write to a pipe without a reader is an error (EPIPE), not the end of the process. `name` is
/// what `top -H` shows (its first 15 bytes). Throws std::system_error, which names it.
std::thread start_thread(std::string name, std::function<void()> run);

} // namespace ferrule::base
