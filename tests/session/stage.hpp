// A world in which everything that the peers, and the operator, do to end a session is written
// down, in its order: what the session's own record is judged by.
#pragma once

#include "session/world.hpp"

#include <algorithm>
#include <vector>

namespace ferrule::test {

class stage {
public:
    /// An end that really happened.
    struct deed {
        ending::cause what;     ///< as a session that sees it at once must call it
        int moment;             ///< deeds of the same moment may be seen in any order
        bool is_certain = true; ///< false: it need not be an end, if something else came with it
    };

    explicit stage(const world_options& options) : it{options} {}

    void settle()
    {
        it.advance(is_drained_ ? world::tick : 0ms); // a drain is seen with the next tick
        is_drained_ = false;
        ++moment_;
    }

    // --- the client ---

    void client_says_goodbye()
    {
        const bool before = it.client.said_goodbye();
        it.client.say_goodbye();
        if (!before && it.client.said_goodbye())
            note(ending::cause::client_eof);
    }

    void client_sends_fin()
    {
        if (it.client.tcp().can_send() && !it.client.said_goodbye())
            note(in_handshake_or(ending::cause::client_truncated));
        it.client.finish();
    }

    void client_resets()
    {
        if (it.client.tcp().is_open() && !it.client.saw_reset())
            note(in_handshake_or(ending::cause::client_reset));
        it.client.reset();
    }

    void client_spoils_a_record()
    {
        const bool before = it.client.has_spoiled();
        it.client.send_spoiled_record("spoiled");
        if (!before && it.client.has_spoiled())
            note(in_handshake_or(ending::cause::tls_error));
    }

    // --- the backend ---

    void backend_sends_fin()
    {
        if (it.backend.tcp().can_send())
            note(ending::cause::backend_eof);
        it.backend.finish();
    }

    void backend_resets()
    {
        if (it.backend.tcp().is_open() && !it.backend.saw_reset())
            note(ending::cause::backend_reset);
        it.backend.reset();
    }

    // --- the proxy ---

    void operator_kills()
    {
        if (it.is_over())
            return;
        note(ending::cause::killed);
        it.current().end(ending::cause::killed);
    }

    void operator_drains_at_once()
    {
        if (it.is_over())
            return;
        note(ending::cause::drain);
        it.current().drain(it.now(), it.now());
        is_drained_ = true;
    }

    void process_ends_at_once()
    {
        if (it.is_over())
            return;
        note(ending::cause::drain);
        was_ended_at_once_ = true;
        it.current().end_at_once(ending::cause::drain);
    }

    /// `with_something`: that happened meanwhile, and counts before the time that has passed.
    void process_stands_still(base::milliseconds how_long, bool with_something)
    {
        note_time(!with_something);
        stood_still_ += how_long;
        it.jump(how_long);
        ++moment_;
    }

    /// Time passes, and everything happens in its own moment.
    void wait(base::milliseconds how_long)
    {
        note_time(false);
        stood_still_ += how_long;
        it.advance(how_long);
        ++moment_;
    }

    /// Nothing happens any more but time.
    bool finish()
    {
        settle();
        if (!it.is_over())
            note_time(true);
        return it.finish();
    }

    // --- the truth ---

    /// What the session's first cause may be. `in_any_order`: some ends stood behind bytes that
    /// nobody took, so that their order is not the one in which they could be seen.
    bool may_be_first(ending::cause what, bool in_any_order) const
    {
        const auto first_certain = std::find_if(deeds_.begin(), deeds_.end(),
                                                [](const deed& each) { return each.is_certain; });
        return std::any_of(deeds_.begin(), deeds_.end(), [&](const deed& each) {
            return each.what == what && (in_any_order || first_certain == deeds_.end() ||
                                         each.moment <= first_certain->moment);
        });
    }
    const std::vector<deed>& deeds() const { return deeds_; }
    base::milliseconds stood_still() const { return stood_still_; }
    bool was_ended_at_once() const { return was_ended_at_once_; }

    world it;

private:
    void note(ending::cause what, bool is_certain = true)
    {
        deeds_.push_back({what, moment_, is_certain});
    }

    void note_time(bool is_certain)
    {
        if (it.is_over())
            return;
        if (it.counters.handshakes[0].get() == 0) {
            note(ending::cause::handshake_failed, is_certain);
            return;
        }
        note(ending::cause::idle_timeout, is_certain);
        note(ending::cause::write_stalled, is_certain);
    }

    /// Before it is established, a client that leaves is a probe or a failed handshake.
    ending::cause in_handshake_or(ending::cause what) const
    {
        if (it.client.is_established())
            return what;
        return it.client.tcp().has_sent_anything() || what == ending::cause::tls_error
                   ? ending::cause::handshake_failed
                   : ending::cause::probe;
    }

    std::vector<deed> deeds_;
    int moment_ = 0;
    bool is_drained_ = false;
    bool was_ended_at_once_ = false;
    base::milliseconds stood_still_{0};
};

} // namespace ferrule::test
