#include "base/thread.hpp"

#include <csignal>
#include <pthread.h>
#include <system_error>
#include <utility>

namespace ferrule::base {

std::thread start_thread(std::string name, std::function<void()> run)
{
    // A new thread inherits the mask, so there is no moment at which it could take a signal.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        std::thread thread([name = name.substr(0, 15), run = std::move(run)] {
            pthread_setname_np(pthread_self(), name.c_str());
            run();
        });
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        return thread;
    } catch (const std::system_error& error) {
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw std::system_error(error.code(), "cannot start the thread " + name);
    } catch (...) {
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw;
    }
}

} // namespace ferrule::base
