// A peer's TCP connection in the simulated kernel: never blocks, keeps what the kernel does not
// take yet, and writes down how the other end of the connection ended.
#pragma once

#include "simulation/kernel.hpp"

#include <limits>
#include <string>
#include <string_view>

namespace ferrule::simulation {

/// The byte at this place of a stream, so that a missing or doubled piece shows.
inline char byte_at(std::uint64_t offset, unsigned direction)
{
    const std::uint64_t place = (offset + direction * 977U) % 65'521U;
    return static_cast<char>('!' + (place * place + 3 * place) % 65'521U % 90U);
}

class far_side {
public:
    static constexpr std::size_t everything = std::numeric_limits<std::size_t>::max();

    far_side(kernel& of, int descriptor) : kernel_{&of}, descriptor_{descriptor} {}

    void send(std::string_view bytes);
    void finish(); ///< FIN, behind everything that was given to `send`
    void reset();
    void close(); ///< with unread input the kernel makes a reset of it
    void set_appetite(std::size_t bytes) { appetite_ = bytes; }
    void vanish();

    /// Sends and reads as far as it goes now; gives what came.
    std::string pump();

    bool is_open() const { return is_open_; }
    bool can_send() const { return is_open_ && !fin_due_ && !saw_reset_ && !write_failed_; }
    bool saw_fin() const { return saw_fin_; }
    bool saw_reset() const { return saw_reset_; }
    bool saw_end() const { return saw_fin_ || saw_reset_; }
    bool has_sent_fin() const { return fin_sent_; }
    bool wants_fin() const { return fin_due_; }
    bool did_reset() const { return did_reset_; }
    bool has_vanished() const { return has_vanished_; }
    bool has_unsent() const { return !outbox_.empty(); }
    std::uint64_t given() const { return given_; } ///< bytes that `send` got
    const endpoint& tcp() const { return kernel_->at(descriptor_); }

private:
    void read(std::string& into);
    void write();

    kernel* kernel_;
    int descriptor_;
    std::string outbox_;
    std::uint64_t given_ = 0;
    std::size_t appetite_ = everything;
    bool is_open_ = true;
    bool fin_due_ = false;
    bool fin_sent_ = false;
    bool did_reset_ = false;
    bool has_vanished_ = false;
    bool write_failed_ = false;
    bool saw_fin_ = false;
    bool saw_reset_ = false;
};

/// The server behind the proxy.
class backend {
public:
    backend(kernel& of, int descriptor) : tcp_{of, descriptor} {}

    void send(std::size_t count);
    void pump();

    far_side& tcp() { return tcp_; }
    const far_side& tcp() const { return tcp_; }
    std::uint64_t sent() const { return sent_; }
    std::uint64_t received() const { return received_; }
    bool is_spoiled() const { return is_spoiled_; } ///< what came is not what was sent

private:
    far_side tcp_;
    std::uint64_t sent_ = 0;
    std::uint64_t received_ = 0;
    bool is_spoiled_ = false;
};

} // namespace ferrule::simulation
