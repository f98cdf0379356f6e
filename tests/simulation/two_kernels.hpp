// A connection on which a script of socket operations is played, on one kernel: the real one, or
// the simulation's. The same code plays both; the linker's seam (seam.cpp) sends each call to the
// kernel that its descriptor belongs to.
#pragma once

#include "net/socket.hpp"
#include "simulation/kernel.hpp"

#include <memory>
#include <string>
#include <vector>

namespace ferrule::simulation {

/// One step: `near` is a net::socket, as a session has it, `far` a peer with system calls.
struct script_step {
    std::string who; ///< "near" or "far"
    std::string what;
    std::size_t amount = 0; ///< of bytes
};

/// "near writes 5; far resets; near reads 100": all that is known is in kernel_scripts.cpp. Throws
/// std::invalid_argument.
std::vector<script_step> parse_script(const std::string& text);

/// The scripts that are always played.
const std::vector<std::string>& kernel_scripts();

/// Sensible steps in any order.
std::string random_script(dice& chance);

class script_stage {
public:
    /// A connection that stands; or, if it `connects`, near is still to do it.
    enum class beginning : std::uint8_t { connected, connects, is_refused };

    virtual ~script_stage();
    script_stage(const script_stage&) = delete;
    script_stage& operator=(const script_stage&) = delete;

    /// What the call says.
    std::string perform(const script_step& step);

    /// What both sides can see, once this kernel has done what it does by itself: events by edges
    /// as net::event_set has them, poll(2), SIOCOUTQ, FIONREAD.
    std::string look();

protected:
    script_stage() = default;

    virtual void enter() = 0; ///< system calls go to this kernel from here on
    virtual std::uint32_t poll_mask(int descriptor) = 0;
    virtual std::size_t waiting_input(int descriptor) = 0;
    /// Waits until something can be read there, or for long.
    virtual void await_input(int descriptor) = 0;
    /// Whether there is room to write once the last acknowledgement has come.
    virtual bool has_room_at_last(int descriptor) = 0;
    virtual int accept() = 0; ///< -1 if nobody has come
    void adopt_near(int descriptor);
    std::string release_all();

    class nobody final : public net::wakeable {
    public:
        void run() override {}
    };

    net::ready_queue ready_;
    net::event_set events_{ready_};
    nobody owner_;
    std::optional<net::socket> near_{std::in_place};
    int near_number_ = -1;
    int far_ = -1;
    std::uint16_t port_ = 0;

private:
    std::string near(const script_step& step);
    std::string far(const script_step& step);
    std::string fill();
    std::string drain();

    bool is_measured_ = true; ///< no queue was full yet
    bool is_full_ = false;    ///< near's queue, until far drains it or near ends
    std::size_t written_ = 0; ///< by near
    std::size_t taken_ = 0;   ///< by far
};

/// nullptr if there is no loopback.
std::unique_ptr<script_stage> make_real_stage(script_stage::beginning how);
std::unique_ptr<script_stage> make_simulated_stage(script_stage::beginning how);

/// Plays the scripts, and `random` others, on both kernels and compares after each step. Prints
/// what differs; the number of scripts that did.
std::size_t compare_kernels(std::size_t random, std::uint64_t seed, bool is_told);

} // namespace ferrule::simulation
