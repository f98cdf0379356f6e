// Who is told that something has happened, and the queue in which it waits for its turn.
#pragma once

#include <boost/intrusive/list.hpp>

#include <cstdint>

namespace ferrule::net {

/// Something that runs when one of its sockets or deadlines says so. Being woken several times
/// before its turn is one turn.
class wakeable {
public:
    using hook = boost::intrusive::list_member_hook<
        boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

    wakeable() = default;
    wakeable(const wakeable&) = delete;
    wakeable& operator=(const wakeable&) = delete;

    /// Takes its turn. Called by the worker only.
    virtual void run() = 0;

    /// True once it is over: it has no turn any more, whoever wakes it.
    bool is_retired() const noexcept { return is_retired_; }

protected:
    ~wakeable() = default;

    /// It is over, for good: it leaves the queue, and neither an event nor a deadline wakes it.
    void retire() noexcept
    {
        is_retired_ = true;
        if (hook_.is_linked())
            hook_.unlink();
    }

    /// A heavy one's turns are long (a session that moves bulk): others do not wait for many.
    void set_heavy(bool heavy) noexcept { is_heavy_ = heavy; }

private:
    friend class ready_queue;
    bool is_heavy_ = false;
    bool is_retired_ = false;
    hook hook_;
};

/// First in, first out; each wakeable stands in it at most once. The heavy ones have a queue of
/// their own, of which each round serves one: a short turn waits for one long turn at most, and the
/// long ones get their share however many short ones there are. Owns nothing.
class ready_queue {
public:
    /// Lets it wait for a turn, unless it waits already or is over.
    void push(wakeable& who) noexcept
    {
        if (!who.hook_.is_linked() && !who.is_retired_)
            (who.is_heavy_ ? heavy_ : waiting_).push_back(who);
    }
    bool empty() const noexcept { return waiting_.empty() && heavy_.empty(); }

    /// Runs those that wait now, once each, and one of the heavy ones; whoever is woken meanwhile
    /// waits for the next round.
    void run_once()
    {
        if (!heavy_.empty()) {
            wakeable& one = heavy_.front();
            heavy_.pop_front();
            waiting_.push_back(one);
        }
        list round;
        round.swap(waiting_);
        while (!round.empty()) {
            wakeable& next = round.front();
            round.pop_front();
            next.run();
        }
    }

private:
    using list = boost::intrusive::list<
        wakeable, boost::intrusive::member_hook<wakeable, wakeable::hook, &wakeable::hook_>,
        boost::intrusive::constant_time_size<false>>;
    list waiting_;
    list heavy_;
};

} // namespace ferrule::net
