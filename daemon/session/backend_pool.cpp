#include "session/backend_pool.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace ferrule::session {

namespace {

constexpr std::uint64_t bit_of(std::size_t index)
{
    return std::uint64_t{1} << index;
}

} // namespace

void backend_pool::set_servers(std::vector<server> servers)
{
    if (servers.size() > servers_max)
        servers.resize(servers_max);
    std::vector<std::shared_ptr<server>> all;
    for (server& fresh : servers) {
        const auto known = std::ranges::find_if(servers_, [&](const auto& each) {
            return fresh.text == each->text && fresh.where.text() == each->where.text();
        });
        // One that stays is the same object: a session that connects to it still tells how it went.
        if (known != servers_.end()) {
            (*known)->counters = fresh.counters;
            all.push_back(*known);
        } else {
            all.push_back(std::make_shared<server>(std::move(fresh)));
        }
    }
    servers_ = std::move(all);
}

std::shared_ptr<server> backend_pool::next(server_choice& choice, base::time_point now) noexcept
{
    const std::size_t count = servers_.size();
    if (count == 0)
        return nullptr;
    if (!choice.started) {
        choice.started = true;
        choice.start = turn_++;
    }
    for (const bool accept_failed : {false, true}) {
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t index = (choice.start + i) % count;
            if ((choice.tried & bit_of(index)) != 0)
                continue;
            if (!accept_failed && servers_[index]->failed_until > now)
                continue;
            choice.tried |= bit_of(index);
            return servers_[index];
        }
    }
    return nullptr;
}

std::size_t backend_pool::untried(const server_choice& choice) const noexcept
{
    const auto tried = static_cast<std::size_t>(std::popcount(choice.tried));
    return tried < servers_.size() ? servers_.size() - tried : 0;
}

} // namespace ferrule::session
