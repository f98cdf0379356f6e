// What a worker tells of its sessions, and ends of them, when an operator asks.

#include "server/worker.hpp"

#include <boost/asio/post.hpp>

#include <new>
#include <utility>

namespace ferrule::server {

namespace asio = boost::asio;

void worker::ask(std::function<void()> answer)
{
    asio::post(io_, std::move(answer));
}

void worker::list(session_filter which, std::size_t most, std::function<void(session_list)> done)
{
    asio::post(io_, [this, which = std::move(which), most, done = std::move(done)] {
        around_.now = base::clock::now();
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
    asio::post(io_, [this, which = std::move(which), done = std::move(done)] {
        around_.now = base::clock::now();
        std::vector<std::uint64_t> killed;
        for (session::session& each : sessions_) {
            if (!which.fits(each))
                continue;
            killed.push_back(each.id());
            each.end(ending::cause::killed);
        }
        serve();
        done(std::move(killed));
    });
}

} // namespace ferrule::server
