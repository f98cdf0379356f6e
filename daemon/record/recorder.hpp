// The flight recorder: the last events of one session, kept for the case that it ends badly.
//
// It belongs to its session, and so to its worker's thread. It allocates once, when the session
// begins, and never while it records: an event is a store into a ring of fixed size, in which the
// newest replaces the oldest. Reads and writes that follow each other become one event for each
// side and kind, so that a transfer does not push out how it began.
#pragma once

#include "base/time.hpp"
#include "ending/vocabulary.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace ferrule::record {

/// What can be recorded. The words are those of docs/endings.md, "The trace".
enum class happening : std::uint8_t {
    // Moved bytes, for each side: the first of a pair is the client's (see `of_side`).
    client_read, ///< plaintext
    backend_read,
    client_write, ///< plaintext given to the side; what its kernel did not take is `kept`
    backend_write,
    client_kept, ///< bytes that wait for the side in Ferrule (towards the client: ciphertext)
    backend_kept,
    client_flush, ///< bytes that had waited and that the side's kernel took
    backend_flush,
    client_discard, ///< read, and nobody will have it
    backend_discard,

    accepted,
    handshake_done,
    connecting,
    connect_failed, ///< detail: errno
    connected,
    alert_received, ///< detail: the alert's number (RFC 8446 6)
    alert_sent,
    client_ended, ///< as a source; detail: ending::source
    backend_ended,
    client_gone, ///< takes no bytes any more; detail: errno, or 0
    backend_gone,
    client_acknowledged, ///< after the first end: its kernel has everything, our end included
    backend_acknowledged,
    cause,   ///< detail: ending::cause
    second,  ///< detail: ending::cause
    step,    ///< something is said to a side; detail: ending::step
    waiting, ///< a bound is in force from now on; detail: ending::patience; amount: ms, 0 is off
    bound_passed,    ///< detail: ending::patience
    deadline_armed,  ///< amount: ms
    deadline_passed, ///< also: the session was told to end without waiting
    end_ordered,     ///< by the operator or the process; detail: ending::cause
    drain_ordered,   ///< amount: ms until the session is cut
};

/// The word of the log. A step's is the step's own ("finish_client").
std::string_view to_text(happening value);

constexpr bool moves_bytes(happening what)
{
    return what <= happening::backend_discard;
}

/// The happening of a pair that belongs to `who`; `clients` is the client's.
constexpr happening of_side(happening clients, ending::side who)
{
    return static_cast<happening>(static_cast<std::uint8_t>(clients) +
                                  static_cast<std::uint8_t>(who));
}

/// One event, 24 bytes.
struct recorded {
    std::uint64_t at : 48 = 0;    ///< microseconds since accept
    std::uint64_t what : 8 = 0;   ///< happening
    std::uint64_t detail : 8 = 0; ///< see `happening`
    std::uint64_t amount = 0;     ///< bytes or milliseconds
    std::uint32_t count = 1;      ///< how many reads or writes in one
    std::uint32_t lasted = 0;     ///< milliseconds from the first to the last of them

    happening kind() const noexcept { return static_cast<happening>(what); }
};
static_assert(sizeof(recorded) == 24);

class recorder {
public:
    /// Bytes that move after a silence of this length are an event of their own: a pause is part of
    /// the story.
    static constexpr base::milliseconds pause{1000};

    recorder() = default; ///< records nothing

    /// Keeps the last `events`; 0, or no memory, is none.
    explicit recorder(std::uint32_t events) noexcept;

    bool is_on() const noexcept { return capacity_ != 0; }

    /// `since_accept` never decreases. Only if `is_on`.
    void add(base::microseconds since_accept, happening what, std::uint64_t amount = 0,
             std::uint8_t detail = 0) noexcept;

    std::size_t size() const noexcept;
    /// The events that are kept, 0 is the oldest.
    const recorded& operator[](std::size_t index) const noexcept;
    /// How many older ones were replaced.
    std::uint64_t omitted() const noexcept { return added_ - size(); }

private:
    recorded* found_in_run(happening what, std::uint64_t at) noexcept;
    recorded& slot(std::uint64_t number) const noexcept
    {
        return events_[static_cast<std::size_t>(number < room_ ? number : number % room_)];
    }
    void grow() noexcept;

    std::unique_ptr<recorded[]> events_;
    std::uint32_t capacity_ = 0;
    std::uint32_t room_ = 0; ///< for so many there is memory yet: most sessions have few events
    std::uint64_t added_ = 0;
};

} // namespace ferrule::record
