// What a worker tells of its sessions, and ends of them, when an operator asks.

#include "worker/worker.hpp"

#include <new>
#include <utility>

namespace ferrule::worker {

void worker::ask(std::function<void()> answer)
{
    mailbox_.post(std::move(answer));
}

void worker::list(session_filter which, std::size_t most, std::function<void(session_list)> done)
{
    mailbox_.post([this, which = std::move(which), most, done = std::move(done)] {
        session_list found;
        try {
            for (const session::session& each : sessions_) {
                if (!which.fits(each))
                    continue;
                ++found.fitting;
                if (found.shown.size() < most)
                    found.shown.push_back(each.look());
            }
        } catch (const std::bad_alloc&) {
            // The sessions come first: an operator gets a shorter list.
        }
        done(std::move(found));
    });
}

void worker::kill(session_filter which, std::function<void(std::vector<std::uint64_t>)> done)
{
    mailbox_.post([this, which = std::move(which), done = std::move(done)] {
        std::vector<std::uint64_t> killed;
        for (session::session& each : sessions_) {
            if (!which.fits(each))
                continue;
            killed.push_back(each.id());
            each.end(ending::cause::killed);
        }
        done(std::move(killed));
    });
}

} // namespace ferrule::worker
