#include "course.hpp"

#include "tls_context.hpp"

namespace load {
namespace {

constexpr double patience = 60;     // seconds for a phase to come to its end
constexpr std::size_t opening = 64; // handshakes at a time while sessions are set up

} // namespace

course::course(const options& chosen)
    : chosen_(chosen),
      backend_(events_, chosen.backend, chosen.command == "mix"),
      watch_(chosen.watched)
{
    all_.context = client_context(chosen.tls, all_, chosen.command == "idle");
    all_.is_resuming = chosen.is_resuming;
}

course::~course()
{
    clients_.clear();
    SSL_CTX_free(all_.context);
}

void course::wait(const std::function<bool()>& done)
{
    if (!events_.run_until(done, patience))
        report_.is_complete = false;
}

/// Opens all sessions, a few at a time, until each has reached the backend.
void course::set_up()
{
    std::size_t opened = 0;
    wait([&] {
        while (opened < clients_.size() && opened - backend_.asked() < opening && all_.over == 0)
            clients_[opened++]->open();
        return backend_.asked() == clients_.size() || all_.over != 0;
    });
    settle();
}

void course::mark_begin()
{
    used_ = watch_.read();
    own_cpu_ = own_cpu_seconds();
    began_ = now();
}

void course::mark_end()
{
    report_.wall_seconds = now() - began_;
    report_.own_cpu_seconds = own_cpu_seconds() - own_cpu_;
    const auto machine = watch_.read();
    report_.machine_seconds = machine.machine_seconds - used_.machine_seconds;
    report_.stolen_seconds = machine.stolen_seconds - used_.stolen_seconds;
    settle();
    report_.cpu_seconds = watch_.read().cpu_seconds - used_.cpu_seconds;
}

void course::say_goodbye()
{
    for (auto& each : clients_)
        each->say_goodbye();
    wait([&] { return all_.over >= clients_.size(); });
}

} // namespace load
