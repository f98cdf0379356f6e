// What is played on both kernels. Verbs of near: connects, asks (whether it is connected), writes,
// reads, fills (until the kernel takes no more), finishes, aborts, releases, dies (is closed by
// whoever clears up behind a process); of far: accepts, writes, reads, drains (everything),
// finishes, resets, closes.
#include "simulation/two_kernels.hpp"

namespace ferrule::simulation {

namespace {

const char* const all_scripts[] = {
    // Bytes
    "near writes 5; far reads 3; far reads 10; far reads 1",
    "far writes 5; near reads 3; near reads 2; near reads 1",
    "far writes 5; far writes 5; near reads 100; near reads 100",
    // FIN
    "far writes 5; far finishes; near reads 3; near reads 100; near reads 100; near reads 1",
    "near finishes; near finishes; near writes 1; far reads 1; far writes 9; near reads 100",
    "near finishes; far finishes; near reads 1; near writes 1; near finishes; near releases",
    "far finishes; near reads 1; near writes 4; near finishes; near reads 1; near finishes",
    "far finishes; near writes 4; near releases; far reads 100; far reads 1",
    "near writes 5; near finishes; near releases; far reads 100; far reads 1; far finishes",
    // RST from the peer
    "far resets; near reads 1; near reads 1; near writes 1; near finishes; near releases",
    "far resets; near writes 1; near writes 1; near reads 1; near aborts",
    "far resets; near finishes; near reads 1",
    "far writes 5; far resets; near reads 3; near reads 100; near reads 100; near reads 1",
    "far writes 5; far resets; near writes 1; near reads 100; near reads 1",
    "near writes 5; far resets; near reads 1; near writes 1",
    "far finishes; far resets; near reads 1; near reads 1; near writes 1; near writes 1",
    "far finishes; near reads 1; far resets; near reads 1; near writes 1; near reads 1",
    "far writes 5; far finishes; far resets; near writes 1; near reads 100; near reads 1",
    "near finishes; far resets; near reads 1; near writes 1",
    "near finishes; far writes 5; far resets; near reads 100; near reads 1; near reads 1",
    // RST from us
    "near aborts; far reads 1; far reads 1; far writes 1",
    "near writes 5; near aborts; far reads 100; far reads 1",
    "near writes 5; far reads 5; near aborts; far writes 1; far writes 1; far reads 1",
    "far finishes; near aborts; far reads 1; far reads 1",
    "near finishes; near aborts; far reads 1; far reads 1; far writes 1",
    "near finishes; far finishes; near aborts; far reads 1; far reads 1; far writes 1",
    // Closed with unread input, by either
    "far writes 5; near releases; far reads 1; far writes 1",
    "far writes 5; near finishes; near releases; far reads 1; far reads 1",
    "near writes 5; near finishes; far writes 5; near reads 3; near releases; far reads 100",
    "near writes 5; far closes; near reads 1; near writes 1",
    "near writes 5; far writes 9; far closes; near reads 100; near reads 100; near writes 1",
    "near writes 5; far finishes; far closes; near reads 1; near writes 1; near reads 1",
    "far writes 5; far finishes; near releases; far reads 1; far reads 1",
    // Bytes for somebody who has closed
    "far closes; near writes 1; near writes 1; near reads 1; near reads 1",
    "far closes; near reads 1; near writes 1; near reads 1; near writes 1",
    "far writes 5; far closes; near writes 1; near reads 100; near reads 1",
    "far writes 5; far closes; near writes 1; near writes 1; near reads 100; near reads 1",
    "near finishes; near releases; far writes 1; far reads 1; far reads 1; far writes 1",
    "near releases; far writes 1; far writes 1; far reads 1",
    "far closes; near finishes; near reads 1; near releases",
    // Full queues
    "near fills; far drains; near writes 1; far drains",
    "near fills; near finishes; far drains; far reads 1; far finishes; near reads 1",
    "near fills; far resets; near writes 1; near reads 1; near writes 1",
    "near fills; far resets; near reads 1; near reads 1; near writes 1",
    "near fills; far closes; near reads 1; near writes 1",
    "near fills; far finishes; near reads 1; near finishes; near aborts; far drains",
    "near fills; far finishes; near finishes; far resets; near reads 1; near reads 1",
    "near fills; far finishes; far resets; near reads 1; near writes 1; near reads 1",
    "near fills; near finishes; far resets; near reads 1; near finishes",
    "near fills; near finishes; near releases; far drains; far reads 1",
    "near fills; far writes 5; near releases; far reads 0",
    // Death, in each state of TCP: ESTABLISHED, CLOSE_WAIT, FIN_WAIT1, FIN_WAIT2, LAST_ACK,
    // CLOSING and TIME_WAIT (the last two come to rest only with bytes that nobody takes, or with
    // none), CLOSE, and behind unread input. tests/net/socket_death_test.cpp has the states that
    // need a broken path.
    "near dies; far reads 1; far reads 1; far writes 1",
    "near writes 5; near dies; far reads 100; far reads 1",
    "far writes 5; near dies; far reads 1; far writes 1",
    "far finishes; near reads 1; near dies; far reads 1",
    "far finishes; near writes 5; near dies; far reads 100; far reads 1",
    "near fills; near finishes; near dies; far writes 1; far writes 1",
    "near finishes; near dies; far reads 1; far reads 1; far writes 1",
    "near writes 5; near finishes; far reads 5; near dies; far writes 1; far reads 1",
    "near fills; far finishes; near finishes; near dies; far writes 1",
    "near fills; near finishes; far finishes; near dies; far writes 1",
    "near finishes; far finishes; near dies; far reads 1; far reads 1",
    "far finishes; near finishes; near dies; far reads 1; far reads 1",
    "far writes 5; far finishes; near finishes; near dies; far reads 1",
    "far resets; near dies",
    "far closes; near writes 1; near dies",
    "near finishes; far writes 5; near dies; far reads 1; far writes 1",
    "near finishes; near releases; far finishes; far reads 1",
    // Connecting
    "near connects; far accepts; near asks; near asks; near writes 5; far reads 100",
    "near connects; far accepts; far writes 5; far resets; near asks; near reads 100; "
    "near reads 1; near writes 1",
    "near connects; far accepts; far resets; near asks; near writes 1; near reads 1",
    "near connects; far accepts; far resets; near asks; near reads 1; near writes 1",
    "near connects; far accepts; far writes 5; far finishes; near asks; near reads 100; "
    "near reads 1",
    "near connects; far accepts; far finishes; far resets; near asks; near reads 1",
    "near connects; far accepts; near aborts; far reads 1",
    "near connects; far accepts; near dies; far reads 1",
    "near connects; far accepts; near asks; near writes 5; near dies; far reads 100; far reads 1",
    "near connects; near dies",
    "near connects; near asks; near asks; near reads 1; near aborts",
    "near connects; near asks; near writes 1; near writes 1; near releases",
};

} // namespace

const std::vector<std::string>& kernel_scripts()
{
    static const std::vector<std::string> all{std::begin(all_scripts), std::end(all_scripts)};
    return all;
}

std::string random_script(dice& chance)
{
    std::string script;
    bool near_is_open = true;
    bool far_is_open = true;
    bool is_full = false;
    bool far_has_ended = false;
    const std::size_t count = chance.between(2, 12);
    for (std::size_t i = 0; i < count && (near_is_open || far_is_open); ++i) {
        bool is_near = chance.one_in(2);
        if (is_near ? !near_is_open : !far_is_open)
            is_near = !is_near;
        bool& is_open = is_near ? near_is_open : far_is_open;
        const std::size_t roll = chance.below(100);
        std::string what = "reads " + std::to_string(chance.between(1, 12));
        if (roll >= 94) {
            what = !is_near ? "closes" : chance.one_in(2) ? "dies" : "releases";
            is_open = false;
        } else if (roll >= 88) {
            what = is_near ? "aborts" : "resets";
            is_open = false;
        } else if (roll >= 74) {
            what = "finishes";
        } else if (roll >= 36) {
            what = "writes " + std::to_string(chance.between(1, 9));
        }
        // Linux finds room for a few bytes in the last packet of a full queue; nobody asks,
        // since it is not announced.
        if (is_near && is_full && what.starts_with("writes"))
            what = "reads 9";
        far_has_ended = far_has_ended || (!is_near && (what == "finishes" || !far_is_open));
        // How many edges a queue makes while it fills is the kernel's affair; behind a FIN
        // they show.
        if (is_near && is_open && !is_full && !far_has_ended && chance.one_in(50)) {
            what = "fills";
            is_full = true;
        }
        script += std::string(script.empty() ? "" : "; ") + (is_near ? "near " : "far ") + what;
    }
    return script;
}

} // namespace ferrule::simulation
