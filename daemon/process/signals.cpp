#include "process/signals.hpp"

#include "log/attempt.hpp"

#include <cerrno>
#include <csignal>
#include <pthread.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace ferrule::process {

signals::signals(boost::asio::io_context& io, log::session_log& log) : descriptor_{io}, log_{log} {}

void signals::hold_reload()
{
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGHUP);
    sigaddset(&held, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &held, nullptr);
}

void signals::take(std::function<void(int number)> act)
{
    act_ = std::move(act);
    sigset_t taken;
    sigemptyset(&taken);
    for (const int each : {SIGTERM, SIGINT, SIGHUP, SIGUSR1})
        sigaddset(&taken, each);
    pthread_sigmask(SIG_BLOCK, &taken, nullptr);
    const int descriptor = ::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0)
        throw std::system_error(errno, std::generic_category(), "signalfd");
    descriptor_.assign(descriptor);
    wait();
}

void signals::wait()
{
    using descriptor = boost::asio::posix::stream_descriptor;
    descriptor_.async_wait(descriptor::wait_read, [this](const boost::system::error_code& error) {
        if (error)
            return;
        wait(); // first, so that nothing can make the process deaf
        signalfd_siginfo came{};
        constexpr auto whole = static_cast<ssize_t>(sizeof(came));
        while (::read(descriptor_.native_handle(), &came, sizeof(came)) == whole) {
            const int number = static_cast<int>(came.ssi_signo);
            log::attempt(log_, "do what a signal orders", [&] { act_(number); });
        }
    });
}

} // namespace ferrule::process
