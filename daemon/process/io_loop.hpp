// The main thread's loop, made of Asio's.
#pragma once

#include "log/session_log.hpp"
#include "process/main_loop.hpp"

#include <boost/asio/io_context.hpp>

namespace ferrule::process {

class io_loop final : public main_loop {
public:
    /// Who runs `io` is the main thread. `io` and `log` must outlive the loop, its timers, and what
    /// was posted.
    io_loop(boost::asio::io_context& io, log::session_log& log);

    base::time_point now() const override;
    double unix_seconds() const override;
    void post(const char* trying, std::function<void()> act) override;
    std::unique_ptr<timer> make_timer() override;

private:
    boost::asio::io_context& io_;
    log::session_log& log_;
};

} // namespace ferrule::process
