// Signals are read like bytes, by signalfd(2): no handler ever runs in the middle of something.
#pragma once

#include "log/session_log.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>

namespace ferrule::process {

/// SIGTERM, SIGINT, SIGHUP and SIGUSR1. Main thread only.
class signals {
public:
    /// None is taken yet. `io` and `log` must outlive it.
    signals(boost::asio::io_context& io, log::session_log& log);

    /// Gives the number of each signal that comes to `act`, on the main thread. Throws
    /// std::system_error.
    void take(std::function<void(int number)> act);

    /// Keeps SIGHUP and SIGUSR1 until they are taken.
    ///
    /// From the very beginning, before there is anything to reload: what comes meanwhile is done
    /// once the process is ready. Until then a signal that stops it still does what it does by
    /// default, so that a start that takes long can be broken off.
    static void hold_reload();

private:
    void wait();

    boost::asio::posix::stream_descriptor descriptor_; ///< a signalfd
    log::session_log& log_;
    std::function<void(int number)> act_;
};

} // namespace ferrule::process
