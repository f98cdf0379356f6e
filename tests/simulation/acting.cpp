// What the peers and the operator do when their time has come.
#include "simulation/theatre.hpp"

#include <algorithm>

namespace ferrule::simulation {

using namespace std::chrono_literals;

void theatre::perform(std::uint32_t which)
{
    const std::size_t index = which & 0xffffU;
    const unsigned who = which >> 16U;
    const std::vector<planned>* plans[] = {&plan_.early, &plan_.client, &plan_.backend,
                                           &plan_.operation};
    static constexpr const char* names[] = {"the client ", "the client ", "the backend ",
                                            "the operator "};
    const planned& what = plans[who]->at(index);
    if (kernel_.is_traced())
        say(names[who] + std::string(to_text(what.what)) +
            (what.amount > 0 ? " " + std::to_string(what.amount) : ""));
    if (who < 2)
        perform_client(what);
    else if (who == 2)
        perform_backend(what);
    else
        perform_operation(what);
    pump();
}

void theatre::perform_client(const planned& what)
{
    far_side& tcp = client_->tcp();
    switch (what.what) {
    case act::sends: client_->send(what.amount); break;
    case act::goodbye: client_->say_goodbye(); break;
    case act::fin: tcp.finish(); break;
    case act::resets: tcp.reset(); break;
    case act::closes: tcp.close(); break;
    case act::spoils: client_->send_spoiled_record(); break;
    case act::half_record: client_->send_half_a_record(); break;
    case act::half_message: client_->break_off(false); break;
    case act::breaks_off: client_->break_off(true); break;
    case act::updates_key: client_->update_key(); break;
    case act::stops_reading: tcp.set_appetite(0); break;
    case act::gulps: tcp.set_appetite(what.amount); break;
    case act::reads_on: tcp.set_appetite(far_side::everything); break;
    case act::vanishes: tcp.vanish(); break;
    default: break;
    }
}

void theatre::perform_backend(const planned& what)
{
    backend& app = *backends_.back();
    far_side& tcp = app.tcp();
    switch (what.what) {
    case act::sends: app.send(what.amount); break;
    case act::fin: tcp.finish(); break;
    case act::resets: tcp.reset(); break;
    case act::closes: tcp.close(); break;
    case act::stops_reading: tcp.set_appetite(0); break;
    case act::gulps: tcp.set_appetite(what.amount); break;
    case act::reads_on: tcp.set_appetite(far_side::everything); break;
    case act::vanishes: tcp.vanish(); break;
    default: break;
    }
}

void theatre::perform_operation(const planned& what)
{
    if (is_over())
        return;
    switch (what.what) {
    case act::kills:
        seen_.killed = std::min(seen_.killed, kernel_.now);
        seen_.killed_in_silence = is_silent();
        current_->end(ending::cause::killed);
        break;
    case act::drains:
        seen_.cut_at = kernel_.now + base::milliseconds{static_cast<long>(what.amount)};
        seen_.drain_from = kernel_.now + base::milliseconds{static_cast<long>(what.amount / 2)};
        current_->drain(seen_.drain_from, seen_.cut_at);
        break;
    case act::ends_at_once:
        seen_.ended_at_once = kernel_.now;
        current_->end_at_once(ending::cause::drain);
        break;
    case act::stands_still:
        seen_.stood_still = true;
        frozen_until_ = kernel_.now + 11min;
        break;
    case act::dies: die(); break;
    default: break;
    }
}

/// The kernel closes what the process had, in whatever state it is; no code of the daemon runs.
void theatre::die()
{
    seen_.died = kernel_.now;
    const auto close = [&](int descriptor) {
        if (!kernel_.at(descriptor).closed)
            kernel_.close(descriptor);
    };
    close(accepted_);
    for (const auto& each : backends_)
        close(each->tcp().tcp().peer);
}

} // namespace ferrule::simulation
