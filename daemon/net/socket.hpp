// One TCP (or Unix) peer of a session. The only place that says goodbye to a session's socket.
//
// `finish` is the honest goodbye (FIN), `abort` the honest failure (RST); `release` closes a socket
// to which everything was said. None of them blocks.
//
// A socket is *armed* from birth: whoever closes it without a word resets it, also the kernel that
// clears up behind a process that died (rule E7). Only `release` disarms.
//
// More than 25 functions or 20 members because it answers one question of the kernel in each, and
// nothing else of a session may ask them.
#pragma once

#include "base/time.hpp"
#include "net/address.hpp"
#include "net/event_set.hpp"
#include "net/keepalive.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace ferrule::net {

enum class read_state : std::uint8_t {
    bytes,   ///< there may be more
    blocked, ///< nothing more for now
    fin,     ///< the peer's clean end of the TCP stream
    reset,   ///< RST, or a peer found dead; `last_error` says which
};

struct read_result {
    std::size_t bytes = 0;
    read_state state = read_state::blocked;
};

enum class write_state : std::uint8_t {
    taken,   ///< the kernel took everything
    blocked, ///< it took `bytes`, and no more for now
    broken, ///< the peer takes nothing any more; `last_error`. Its last bytes may still be readable
};

struct write_result {
    std::size_t bytes = 0;
    write_state state = write_state::taken;
};

/// A connect failed for a want of ours (descriptors, memory, free ports): it says nothing of the
/// server.
bool is_own_want(int connect_error) noexcept;

class socket {
public:
    socket() = default;
    ~socket(); ///< resets what was neither released nor aborted
    socket(const socket&) = delete;
    socket& operator=(const socket&) = delete;

    /// Takes over a connected or connecting descriptor and registers it. A session's is armed
    /// already, by its listener. 0, or errno (then the descriptor is closed).
    int adopt(int descriptor, bool is_unix, event_set& events, wakeable& owner);

    /// Opens a non-blocking socket and starts to connect it. 0 when connected, EINPROGRESS, or
    /// errno (then nothing is open).
    int connect(const address& to, event_set& events, wakeable& owner);

    /// For a connecting socket that became writable: 0 when it is connected, EINPROGRESS, or errno.
    /// One that was connected and is reset already counts as connected: what came before is read.
    int connected() noexcept;

    /// For a TCP socket that is connected `to` there: its own address is its peer's. A connect to a
    /// port of this machine that nobody listens on may be given that very port, and then meets
    /// itself (RFC 9293 3.5, a simultaneous open).
    bool is_connected_to_itself(const address& to) const noexcept;

    bool is_open() const noexcept { return descriptor_ >= 0; }
    bool is_unix() const noexcept { return is_unix_; }

    /// Reads once into `room`. After a short read nothing more is expected until the next edge,
    /// unless the peer has hung up or sent urgent data. An end that follows a failed write is a
    /// reset, whatever the kernel calls it (the failed write has taken the error away).
    read_result read(std::span<std::byte> room) noexcept;

    /// Writes as much of `bytes` as the kernel takes. Clears `writable` when it takes no more.
    write_result write(std::span<const std::byte> bytes) noexcept;

    /// FIN (shutdown(2), SHUT_WR). Reading goes on.
    void finish() noexcept;

    /// RST, which the close(2) of an armed socket is: what the kernel still held for the peer is
    /// lost. A Unix socket has no RST; its peer sees an end of file.
    void abort();

    /// False if the kernel would send no RST for abort(). Linux sends none once both FINs are out,
    /// unless bytes wait to be sent for the first time, or to be read. A Unix socket's peer is told
    /// as well as it can be.
    bool can_tell_abort() const noexcept;

    /// Disarms and closes. Without unread input and after `finish` this says nothing more to the
    /// peer, and what the kernel still holds goes on its way. `acknowledged`: all of it, our FIN
    /// included, has arrived. Together with the peer's own end, or after a reset of its own, that
    /// leaves the kernel no connection to reset, and the call that disarms is saved.
    void release(bool acknowledged);

    /// Bytes that the peer's kernel has not acknowledged, a sent FIN counted as one (ioctl_tcp(7),
    /// SIOCOUTQ). 0 for a Unix socket: its peer holds what was written.
    std::size_t unacknowledged() const noexcept;

    /// About how many bytes the kernel would take now (SO_MEMINFO).
    std::size_t room() const noexcept;

    /// True if the kernel holds bytes that nobody has read (ioctl_tcp(7), SIOCINQ), whatever the
    /// events have said; then `is_readable` says so, too.
    bool look_for_unread() noexcept;

    /// All bytes that recv(2) has given and send(2) has taken. The only place where they are
    /// counted: progress, silence and limits follow from it.
    std::uint64_t received() const noexcept { return received_; }
    std::uint64_t sent() const noexcept { return sent_; }

    bool is_readable() const noexcept { return state_.readable; }
    bool is_writable() const noexcept { return state_.writable; }
    bool has_hung_up() const noexcept { return state_.hung_up; }

    /// The kernel has given the connection up. Once the peer's last bytes are read out, this is the
    /// only way to learn it, since a read then reports the FIN that came before.
    bool has_failed() const noexcept { return state_.failed; }

    /// errno of what went wrong first; 0 if nothing did.
    int last_error() const noexcept { return last_error_; }

    /// For how long the peer's kernel has said nothing: neither bytes nor an acknowledgement, which
    /// an answer to keepalive is, too (TCP_INFO). 0 for a Unix socket: its peer cannot vanish.
    base::milliseconds silent_for() const noexcept;

    /// TCP_NODELAY and SO_OOBINLINE: what a stream needs from its first byte on. A client inherits
    /// these and keepalive from its listener.
    void set_stream_options() noexcept;

    /// Keepalive, which matters to a connection that lasts for seconds at least. TCP_USER_TIMEOUT
    /// is left alone: it counts a closed window as silence, and it takes the place of keepalive's
    /// count of probes (tcp(7)).
    void watch_for_silence(const keepalive& when) noexcept;

    /// From here on close(2) resets (SO_LINGER with time 0, socket(7)). What is accepted inherits
    /// it from the listener. Nothing for a Unix socket, which has no RST.
    static void arm(int descriptor) noexcept;

    /// Both, for a descriptor that is not a session's, such as a listener's.
    static void set_stream_options(int descriptor, const keepalive& when) noexcept;

private:
    void note_error(int error) noexcept;
    void close() noexcept;
    std::size_t queue_length(unsigned long which) const noexcept; ///< by ioctl(2)

    int descriptor_ = -1;
    bool is_unix_ = false;
    bool write_failed_ = false;
    int last_error_ = 0;
    std::uint64_t received_ = 0;
    std::uint64_t sent_ = 0;
    readiness state_;
};

} // namespace ferrule::net
