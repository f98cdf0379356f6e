// What is told of a session: counters, the flight recorder, and at the end its record.
//
// The other parts say what has happened; what is counted and written of it is decided here. It is
// the only part of a session that names a metric.
#pragma once

#include "ending/facts.hpp"
#include "ending/next_step.hpp"
#include "record/recorder.hpp"
#include "session/peer.hpp"
#include "session/story.hpp"
#include "session/surroundings.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace ferrule::session {

class journal {
public:
    /// `settings` and `around` must outlive it. Nothing is counted before `accepted`.
    journal(const profile& settings, const surroundings& around, std::uint64_t id,
            const net::client_address& from) noexcept;

    const story& so_far() const noexcept { return story_; }

    // --- how far it has come ---

    void accepted() noexcept;
    /// `facts` say so already; `client` knows how.
    void handshake_done(const ending::facts& known, const peer& client) noexcept;
    /// The client has left during the handshake.
    void handshake_aborted() noexcept;
    /// A server has taken the connection. Servers that were tried before are counted; they are not
    /// this session's ending.
    void connected(const std::string& server);

    // --- bytes ---

    /// Read from the source of this direction.
    void read(ending::direction which, std::uint64_t bytes) noexcept
    {
        const auto at = static_cast<std::size_t>(which);
        story_.bytes[at] += bytes;
        counters_.bytes[at].add(bytes);
    }
    /// Of those, not delivered.
    void lost(ending::direction which, std::uint64_t bytes) noexcept
    {
        story_.lost[static_cast<std::size_t>(which)] += bytes;
    }
    /// What a socket still held when it was released. `dies`: with our RST.
    void missing(ending::direction which, const shortfall& what, bool dies, bool is_gone) noexcept;

    // --- ends ---

    /// `who` has ended by itself; counted once for each side and kind.
    void ended(ending::side who, ending::source how) noexcept;
    void close_notify_sent() noexcept;
    void reset_sent(ending::side to) noexcept;
    void bound_passed(ending::patience which) noexcept;
    void deadline_passed() noexcept;
    /// What `known` says that it did not say when it was called last: causes, the first end, a
    /// half-closed session that begins or ends.
    void follow(const ending::facts& known) noexcept;

    // --- the first cause, in detail ---

    void detail_once(std::string_view text) noexcept;
    void detail_errno(int error) noexcept;
    void detail(std::string_view text) noexcept { story_.detail = text; }

    // --- the flight recorder ---

    void note(record::happening what, std::uint64_t amount = 0, std::uint8_t detail = 0) noexcept
    {
        if (recorder_.is_on())
            record_event(what, amount, detail);
    }
    void note_alerts(peer& of) noexcept;
    /// What was recorded; nothing is recorded any more.
    record::recorder take_recording() noexcept { return std::exchange(recorder_, {}); }

    /// Once, at the end: counts it, and its record.
    record::ended_session close(const ferrule::session::route& route, const ending::facts& known,
                                const peer& client) noexcept;

private:
    void record_event(record::happening what, std::uint64_t amount, std::uint8_t detail) noexcept;
    void follow_causes(const ending::facts& known) noexcept;
    void count_handshake(const ending::facts& known) noexcept;

    /// What was counted or noted already.
    struct known_already {
        ending::cause first = ending::cause::none;
        ending::cause second = ending::cause::none;
        bool is_half_closed = false;
        bool has_ended = false;
        bool is_handshake_counted = false;
        std::array<bool, 2> is_reset{}; ///< [side]
    };

    const profile& settings_;
    const surroundings& around_;
    metrics::listener_counters& counters_;
    story story_;
    base::time_point half_closed_at_{};
    known_already already_;
    metrics::handshake_result handshake_ = metrics::handshake_result::failed; ///< if not done
    record::recorder recorder_;
};

} // namespace ferrule::session
