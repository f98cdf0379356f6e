#include "process/io_loop.hpp"

#include "log/attempt.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <utility>

namespace ferrule::process {

namespace asio = boost::asio;

namespace {

class io_timer final : public timer {
public:
    io_timer(asio::io_context& io, log::session_log& log) : timer_{io}, log_{log} {}

    void set(base::milliseconds how_long, const char* trying, std::function<void()> act) override
    {
        timer_.expires_after(how_long);
        timer_.async_wait(
            [&log = log_, trying, act = std::move(act)](const boost::system::error_code& error) {
                if (!error)
                    log::attempt(log, trying, act);
            });
    }

    void cancel() override { timer_.cancel(); }

private:
    asio::steady_timer timer_;
    log::session_log& log_;
};

} // namespace

io_loop::io_loop(asio::io_context& io, log::session_log& log) : io_{io}, log_{log} {}

base::time_point io_loop::now() const
{
    return base::clock::now();
}

double io_loop::unix_seconds() const
{
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return base::in_seconds(now);
}

void io_loop::post(const char* trying, std::function<void()> act)
{
    asio::post(io_,
               [&log = log_, trying, act = std::move(act)] { log::attempt(log, trying, act); });
}

std::unique_ptr<timer> io_loop::make_timer()
{
    return std::make_unique<io_timer>(io_, log_);
}

} // namespace ferrule::process
