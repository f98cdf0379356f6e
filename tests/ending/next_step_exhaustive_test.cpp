// Walks every state that a session can reach, from accept on, for every mode and set of options:
// every event in every state. Checks the rules of docs/endings.md on each transition. The oracle
// (`world`) remembers what the peers really did; it shares no code with the decisions that it
// judges.
//
// Longer than 300 lines because the walk, its oracle and its checks are one argument.

#include "ending/next_step.hpp"
#include "ending/observe.hpp"
#include "ending/outcome.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <sstream>
#include <string>
#include <unordered_set>
#include <vector>

namespace ferrule::ending {
namespace {

/// What really happened, whatever the facts say of it.
struct world {
    source client_really = source::open;
    source backend_really = source::open;
    bool lie_is_chosen = false; ///< an end that the operator wants to be called clean
    bool may_ask = false;       ///< the proxy ended a quiet session, and may ask its backend (E8)
    bool proxy_has_cut = false;
    bool torn = false; ///< the client's end was in the middle of a record
    bool tls_failed = false;
    bool alerted = false;
};

struct state {
    facts known;
    world real;
};

std::string describe(const facts& now)
{
    std::ostringstream out;
    for (const auto& [name, each] :
         {std::pair{"to_backend", now.to_backend}, std::pair{"to_client", now.to_client}}) {
        out << name << "{from=" << to_text(each.from) << " to=" << to_text(each.to)
            << (each.buffered ? " buffered" : "") << (each.unacked ? " unacked" : "")
            << (each.dropped ? " dropped" : "") << (each.answered ? " answered" : "") << "} ";
    }
    for (const auto& [name, each] : {std::pair{"client", now.client}, {"backend", now.backend}}) {
        out << name << "{" << (each.released ? " released" : "") << (each.stalled ? " stalled" : "")
            << (each.lingered ? " lingered" : "") << "} ";
    }
    out << "contact=" << static_cast<int>(now.contact) << (now.secured ? " secured" : "")
        << (now.polite ? " polite" : "") << (now.torn ? " torn" : "") << (now.asked ? " asked" : "")
        << (now.tls_failed ? " tls_failed" : "") << (now.alerted ? " alerted" : "")
        << (now.overdue ? " overdue" : "") << " "
        << "first=" << to_text(now.first) << " second=" << to_text(now.second);
    return out.str();
}

std::string key_of(const state& at)
{
    std::string key;
    const auto put = [&](auto value) { key.push_back(static_cast<char>(value)); };
    for (const flow& each : {at.known.to_backend, at.known.to_client}) {
        put(each.from), put(each.to), put(each.buffered), put(each.unacked);
        put(each.dropped), put(each.answered);
    }
    for (const peer& each : {at.known.client, at.known.backend})
        put(each.released), put(each.stalled), put(each.lingered);
    put(at.known.contact), put(at.known.secured), put(at.known.asked), put(at.known.tls_failed);
    put(at.known.alerted), put(at.known.polite), put(at.known.overdue);
    // No decision looks at which cause it is, so states that differ in nothing else are one.
    put(at.known.first != cause::none), put(at.known.second != cause::none);
    put(at.real.client_really), put(at.real.backend_really);
    put(at.real.lie_is_chosen), put(at.real.may_ask), put(at.real.proxy_has_cut);
    put(at.known.torn), put(at.real.torn);
    return key;
}

int rank(source value)
{
    return value == source::open ? 0 : value == source::cut ? 1 : 2;
}

class walk {
public:
    explicit walk(const rules& manners) : manners_{manners} {}

    void run()
    {
        visit(state{}, state{}, "start");
        while (!queue_.empty() && problems_.size() < 5) {
            const state at = queue_.front();
            queue_.pop_front();
            check_time_alone_ends(at);
            each_event(at);
        }
    }

    std::size_t states() const { return seen_.size(); }
    std::size_t transitions() const { return transitions_; }
    const std::vector<std::string>& problems() const { return problems_; }

private:
    void problem(const char* rule, const facts& now, const std::string& what)
    {
        problems_.push_back(std::string(rule) + ": " + what + "\n    " + describe(now));
    }

    // --- what is checked -------------------------------------------------------------------------

    void check_step(const state& at, step next)
    {
        const facts& now = at.known;
        if (next == step::finish_client || next == step::finish_backend) {
            const side told = next == step::finish_client ? side::client : side::backend;
            const source really =
                told == side::client ? at.real.backend_really : at.real.client_really;
            const bool by_choice =
                told == side::backend && !at.real.torn &&
                ((really == source::truncated &&
                  manners_.on_client_truncation == client_policy::fin) ||
                 (really == source::reset && manners_.on_client_reset == client_policy::fin));
            const bool is_asked = told == side::backend && at.real.may_ask;
            const bool is_lie =
                at.real.lie_is_chosen && (really == source::open || really == source::clean);
            if (really != source::clean && !by_choice && !is_asked && !is_lie)
                problem("E1", now,
                        "a finish was said for a source that is " + std::string(to_text(really)));
            if (told == side::client && at.real.tls_failed)
                problem("E1", now, "a close_notify behind a failure of TLS");
            if (flow_to(now, told).buffered)
                problem("E1", now, "a finish was said before the last byte");
            if (flow_to(now, told).to != sink::open)
                problem("E1", now, "a second goodbye");
            if (told == side::client && manners_.mode == mode::abort)
                problem("E1", now, "mode abort said close_notify");
        }
        if (next == step::truncate_client && !at.real.alerted &&
            manners_.on_backend_reset != backend_policy::truncate)
            problem("E1", now, "a bare FIN, which most clients take for an end");
        const auto destroys = [&](side told) {
            const flow& into = flow_to(now, told);
            const bool alive = into.to != sink::gone;
            const bool may = now.overdue || peer_of(now, told).stalled;
            if (alive && !may && (into.buffered || into.unacked))
                problem("E2", now, "bytes that a living sink may still take were destroyed");
        };
        if (next == step::abort_client || next == step::release_client)
            destroys(side::client);
        if (next == step::abort_backend || next == step::release_backend)
            destroys(side::backend);
    }

    void check_forward(const facts& before, const facts& after)
    {
        if (before.first != cause::none && before.first != after.first)
            problem("E5", after, "the first cause was overwritten");
        if (before.second != cause::none && before.second != after.second)
            problem("E5", after, "the second cause was overwritten");
        if (before.first == cause::none && after.second != cause::none &&
            after.first == cause::none)
            problem("E5", after, "a second cause without a first");
        for (const side who : {side::client, side::backend}) {
            if (rank(flow_from(after, who).from) < rank(flow_from(before, who).from))
                problem("E5", after, "a source moved back");
            if (flow_to(before, who).to != sink::open && flow_to(after, who).to == sink::open)
                problem("E5", after, "a sink moved back");
            if (peer_of(before, who).released && !peer_of(after, who).released)
                problem("E5", after, "a released socket came back");
        }
    }

    /// `clean` is what both peers made clean, and what we did not reset; neither more nor less.
    void check_outcome(const state& at)
    {
        const auto is_reset_by_us = [](const flow& into) {
            return into.to == sink::aborted || into.to == sink::truncated;
        };
        const bool is_clean =
            at.real.client_really == source::clean && at.real.backend_really == source::clean &&
            !is_reset_by_us(at.known.to_client) && !is_reset_by_us(at.known.to_backend) &&
            // A failed write told of a reset, and what came behind it was given up.
            at.known.to_backend.from != source::reset && at.known.to_client.from != source::reset;
        const outcome told = outcome_of(at.known, false, false);
        const outcome wanted = at.known.contact != contact::connected ? outcome::none
                               : is_clean                             ? outcome::clean
                                                                      : outcome::cut;
        if (told != wanted)
            problem("E5", at.known, "the outcome is " + std::string(to_text(told)));
    }

    void check_wait(const state& at, const decision& decided)
    {
        const facts& now = at.known;
        const bool is_early =
            decided.bound == patience::handshake || decided.bound == patience::connect;
        if (is_early != (now.contact == contact::awaited))
            problem("E4", now, "the bound is not that of its phase");
        if (has_ended(now) && (is_early || decided.bound == patience::idle))
            problem("E4", now, "an ending waits with no bound but idle");
        const bool gone = now.to_client.to == sink::gone || now.to_backend.to == sink::gone;
        if (!has_ended(now) && !gone && !is_early && decided.bound != patience::idle)
            problem("E4", now, "a running session is bounded as if it had ended");
        if (gone && decided.bound == patience::idle)
            problem("E4", now, "a failed write waits with no bound but idle");
        const bool something_unacked = (now.to_client.unacked && !now.client.released) ||
                                       (now.to_backend.unacked && !now.backend.released);
        if (decided.for_acknowledgement && !something_unacked)
            problem("E4", now, "waits for an acknowledgement that is not due");

        // E3: a clean end of one flow leaves the other one running.
        const bool only_clean = at.real.client_really != source::truncated &&
                                at.real.client_really != source::reset && !at.real.tls_failed &&
                                at.real.backend_really != source::reset;
        const bool carried = manners_.half_close == half_close::carry &&
                             manners_.mode == mode::wait && !at.real.proxy_has_cut;
        if (now.contact == contact::connected && only_clean && carried && !now.to_client.dropped &&
            !now.to_backend.dropped) {
            if (now.to_backend.from == source::cut || now.to_client.from == source::cut)
                problem("E3", now, "a clean end cut the other flow");
        }
    }

    /// Silence alone must lead out of every state, by the bounds in force; and `deadline` at once.
    void check_time_alone_ends(const state& from)
    {
        facts now = from.known;
        for (int passes = 0; passes < 12; ++passes) {
            settle(now);
            if (is_over(now))
                break;
            patience_ended(now, manners_, next_step(now, manners_).bound, false);
        }
        settle(now);
        if (!is_over(now))
            problem("E4", from.known, "silence does not lead out");

        if (is_closing(from.known)) {
            facts late = from.known;
            deadline_passed(late);
            settle(late);
            if (!is_over(late))
                problem("E4", from.known, "the deadline does not lead out");
        }
    }

    void settle(facts& now) const
    {
        for (int steps = 0; steps < 8; ++steps) {
            const step next = next_step(now, manners_).next;
            if (next == step::wait || next == step::done)
                return;
            performed(now, manners_, next);
        }
        FAIL() << "steps without end: " << describe(now);
    }

    // --- moving on -------------------------------------------------------------------------------

    void visit(const state& before, state after, const std::string& event)
    {
        ++transitions_;
        check_forward(before.known, after.known);
        for (int steps = 0;; ++steps) {
            const decision decided = next_step(after.known, manners_);
            if (decided.next == step::done) {
                if (after.known.first == cause::none)
                    problem("E5", after.known, "an end without a cause, after " + event);
                check_outcome(after);
                return;
            }
            if (decided.next == step::wait) {
                check_wait(after, decided);
                break;
            }
            if (steps == 8) {
                problem("E4", after.known, "steps without end, after " + event);
                return;
            }
            check_step(after, decided.next);
            const facts previous = after.known;
            performed(after.known, manners_, decided.next);
            check_forward(previous, after.known);
        }
        if (seen_.insert(key_of(after)).second)
            queue_.push_back(after);
    }

    void each_event(const state& at)
    {
        if (at.known.contact == contact::awaited)
            each_beginning(at);
        for (const side who : {side::client, side::backend}) {
            each_end(at, who);
            each_transfer(at, who);
        }
        each_failure_of_tls(at);
        for (const bool quiet : {false, true}) {
            if (quiet && has_waiting_bytes(at.known))
                continue;
            each_end_of_ours(at, quiet);
        }
        if (is_closing(at.known)) {
            state late = at;
            deadline_passed(late.known);
            visit(at, late, "deadline");
            late = at;
            linger_bytes_used_up(late.known);
            visit(at, late, "linger_bytes");
        }
    }

    void each_beginning(const state& at)
    {
        if (!has_open_source(at.known))
            return;
        state after = at;
        if (at.known.secured) {
            connected(after.known);
            visit(at, after, "connected");
            for (const cause why : {cause::no_backend, cause::limit}) {
                after = at;
                backend_missing(after.known, why);
                visit(at, after, "no backend");
            }
            after = at;
            after.real.client_really = source::reset;
            client_left_early(after.known);
            visit(at, after, "the client left early");
            return;
        }
        handshake_done(after.known);
        visit(at, after, "handshake done");
        for (const cause why : {cause::handshake_failed, cause::probe}) {
            for (const told client : {told::nothing, told::alert, told::gone}) {
                after = at;
                after.real.tls_failed = after.real.alerted = client == told::alert;
                handshake_ended(after.known, why, client);
                visit(at, after, "the handshake failed");
            }
        }
    }

    void each_end_of_ours(const state& at, bool quiet)
    {
        state cut = at;
        note_proxy_end(cut, quiet);
        proxy_ended(cut.known, manners_, cause::drain, quiet);
        visit(at, cut, "an end of ours");
        for (const cause why : {cause::limit, cause::internal}) {
            state ended = at;
            ended.real.proxy_has_cut = true;
            given_up(ended.known, why);
            visit(at, ended, "given up");
            if (!is_over(after_settling(ended.known)))
                problem("E9", at.known, "giving up does not end the session at once");
        }
        const patience bound = next_step(at.known, manners_).bound;
        state ended = at;
        if (bound == patience::idle)
            note_proxy_end(ended, quiet);
        if (bound == patience::half_close || bound == patience::ask)
            note_proxy_end(ended, false);
        ended.real.proxy_has_cut = true;
        patience_ended(ended.known, manners_, bound, quiet);
        visit(at, ended, "bound passed");
    }

    facts after_settling(facts now) const
    {
        settle(now);
        return now;
    }

    void note_proxy_end(state& ended, bool quiet) const
    {
        if (!has_open_source(ended.known))
            return;
        ended.real.proxy_has_cut = true;
        const bool both_run =
            ended.real.client_really == source::open && ended.real.backend_really == source::open;
        if (manners_.on_proxy_end == proxy_policy::notify)
            ended.real.lie_is_chosen = true;
        else if (manners_.on_proxy_end == proxy_policy::ask && quiet && both_run)
            ended.real.may_ask = true;
    }

    /// What a client can do to TLS, whatever it has said before: also behind its own clean end,
    /// and where our own goodbye is what cannot be said.
    void each_failure_of_tls(const state& at)
    {
        if (at.known.client.released || at.known.contact == contact::awaited)
            return;
        for (const bool alerted : {false, true}) {
            state failed = at;
            if (!at.real.tls_failed) {
                failed.real.tls_failed = true;
                failed.real.alerted = alerted;
                if (at.real.client_really == source::open)
                    failed.real.client_really = source::failed;
            }
            tls_failed(failed.known, alerted);
            visit(at, failed, "a failure of TLS");
        }
    }

    void each_end(const state& at, side who)
    {
        if (at.known.contact != contact::connected && who == side::backend)
            return;
        if (at.known.contact == contact::awaited || peer_of(at.known, who).released)
            return;
        std::vector<source> ends{source::clean, source::reset};
        if (who == side::client)
            ends.push_back(source::truncated);
        for (const source how : ends) {
            each_end(at, who, how, false);
            if (who == side::client && how == source::truncated &&
                manners_.on_client_truncation == client_policy::fin)
                each_end(at, who, how, true);
            if (who == side::client && how == source::reset &&
                manners_.on_client_reset == client_policy::fin)
                each_end(at, who, how, true);
        }
    }

    void each_end(const state& at, side who, source how, bool torn)
    {
        state ended = at;
        source& really = who == side::client ? ended.real.client_really : ended.real.backend_really;
        // A side ends once; what comes behind it changes nothing of what it has said.
        if (really == source::open)
            really = how;
        if (manners_.half_close == half_close::close && !is_closing(at.known))
            note_proxy_end(ended, false);
        if (how == source::reset && !torn && manners_.on_client_reset == client_policy::fin)
            ended.real.lie_is_chosen = true;
        ended.real.torn = ended.real.torn || torn;
        source_ended(ended.known, manners_, who, how, torn);
        visit(at, ended, "end of a source");
    }

    void each_transfer(const state& at, side who)
    {
        const flow& from_here = flow_from(at.known, who);
        const side sink_side = other(who);
        if (wants_reading(at.known, who) && !from_here.buffered) {
            state blocked = at;
            if (from_here.to == sink::gone)
                bytes_dropped(blocked.known, sink_side);
            else
                kept(blocked.known, sink_side);
            visit(at, blocked, "bytes into a blocked sink");
            if (from_here.to == sink::open) {
                state taken = at;
                handed_over(taken.known, sink_side);
                visit(at, taken, "bytes taken");
            }
        }
        if (from_here.buffered) {
            state taken = at;
            flushed(taken.known, sink_side);
            visit(at, taken, "buffered bytes taken");
        }
        if (from_here.unacked) {
            state acked = at;
            acknowledged(acked.known, sink_side);
            visit(at, acked, "acknowledged");
        }
        const bool has_socket = sink_side == side::client || at.known.contact == contact::connected;
        if (!peer_of(at.known, sink_side).released && has_socket) {
            for (const bool had_waiting : {false, true}) {
                state lost = at;
                if (at.known.contact == contact::awaited)
                    lost.real.client_really = source::reset;
                sink_lost(lost.known, sink_side, had_waiting);
                visit(at, lost, "a write failed");
            }
        }
    }

    rules manners_;
    std::deque<state> queue_;
    std::unordered_set<std::string> seen_;
    std::size_t transitions_ = 0;
    std::vector<std::string> problems_;
};

std::vector<rules> every_set_of_options(mode mode)
{
    std::vector<rules> all;
    for (const half_close half : {half_close::carry, half_close::close})
        for (const client_policy truncation : {client_policy::reset, client_policy::fin})
            for (const client_policy reset : {client_policy::reset, client_policy::fin})
                for (const backend_policy backend :
                     {backend_policy::reset, backend_policy::truncate})
                    for (const proxy_policy proxy :
                         {proxy_policy::ask, proxy_policy::notify, proxy_policy::reset})
                        all.push_back({mode, half, truncation, reset, backend, proxy});
    return all;
}

std::string describe(const rules& manners)
{
    std::ostringstream out;
    out << "mode=" << to_text(manners.mode) << " half_close=" << to_text(manners.half_close)
        << " on_client_truncation=" << to_text(manners.on_client_truncation)
        << " on_client_reset=" << to_text(manners.on_client_reset)
        << " on_backend_reset=" << to_text(manners.on_backend_reset)
        << " on_proxy_end=" << to_text(manners.on_proxy_end);
    return out.str();
}

class next_step_exhaustive : public ::testing::TestWithParam<mode> {};

TEST_P(next_step_exhaustive, every_reachable_state_of_every_set_of_options_keeps_the_rules)
{
    std::size_t states = 0;
    std::size_t transitions = 0;
    for (const rules& manners : every_set_of_options(GetParam())) {
        walk all{manners};
        all.run();
        for (const std::string& each : all.problems())
            ADD_FAILURE() << describe(manners) << "\n  " << each;
        EXPECT_GT(all.states(), 100U) << "the walk did not get anywhere";
        states += all.states();
        transitions += all.transitions();
        if (::testing::Test::HasFailure())
            return;
    }
    RecordProperty("states", std::to_string(states));
    RecordProperty("transitions", std::to_string(transitions));
    std::cout << states << " states, " << transitions << " transitions\n";
}

INSTANTIATE_TEST_SUITE_P(modes, next_step_exhaustive, ::testing::ValuesIn(all_modes),
                         [](const auto& which) { return std::string(to_text(which.param)); });

} // namespace
} // namespace ferrule::ending
