#include "backends/pool.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace ferrule::backends {

namespace {

constexpr std::uint64_t bit_of(std::size_t index)
{
    return std::uint64_t{1} << index;
}

base::milliseconds memory_after(unsigned failures)
{
    base::milliseconds length = backend_pool::first_memory;
    for (unsigned i = 1; i < failures && length < backend_pool::longest_memory; ++i)
        length *= 2;
    return std::min(length, backend_pool::longest_memory);
}

bool serves_as_far_as_is_known(const server& which, base::time_point now)
{
    return which.failures == 0 || (which.failed_until <= now && !which.is_probed);
}

} // namespace

attempt::attempt(std::shared_ptr<server> which, bool is_last_resort) noexcept
    : server_{std::move(which)},
      failures_{server_->failures},
      is_last_resort_{is_last_resort},
      is_probe_{!is_last_resort && failures_ > 0}
{
    if (is_probe_)
        server_->is_probed = true;
}

attempt& attempt::operator=(attempt&& from) noexcept
{
    give_back();
    server_ = std::move(from.server_);
    failures_ = from.failures_;
    is_last_resort_ = from.is_last_resort_;
    is_probe_ = from.is_probe_;
    return *this;
}

void attempt::succeeded(base::time_point::duration how_long) noexcept
{
    server_->counters->connects.add();
    server_->counters->connect_seconds.observe(base::in_seconds(how_long));
    server_->failures = 0;
    give_back();
}

void attempt::failed(base::time_point now) noexcept
{
    server_->counters->connect_failures.add();
    if (!is_last_resort_ && failures_ == server_->failures) {
        ++server_->failures;
        server_->failed_until = now + memory_after(server_->failures);
    }
    give_back();
}

void attempt::give_back() noexcept
{
    if (server_ != nullptr && is_probe_)
        server_->is_probed = false;
    server_ = nullptr;
}

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
            (*known)->has_local_port = fresh.has_local_port;
            all.push_back(*known);
        } else {
            all.push_back(std::make_shared<server>(std::move(fresh)));
        }
    }
    servers_ = std::move(all);
}

attempt backend_pool::next(server_choice& choice, base::time_point now) noexcept
{
    const std::size_t count = servers_.size();
    if (count == 0)
        return {};
    if (!choice.started) {
        choice.started = true;
        choice.start = turn_++;
    }
    for (const bool is_last_resort : {false, true}) {
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t index = (choice.start + i) % count;
            if ((choice.tried & bit_of(index)) != 0)
                continue;
            if (!is_last_resort && !serves_as_far_as_is_known(*servers_[index], now))
                continue;
            choice.tried |= bit_of(index);
            return {servers_[index], is_last_resort};
        }
    }
    return {};
}

std::size_t backend_pool::untried(const server_choice& choice) const noexcept
{
    const auto tried = static_cast<std::size_t>(std::popcount(choice.tried));
    return tried < servers_.size() ? servers_.size() - tried : 0;
}

} // namespace ferrule::backends
