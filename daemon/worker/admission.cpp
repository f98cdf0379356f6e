#include "worker/admission.hpp"

#include "log/attempt.hpp"

#include <utility>

namespace ferrule::worker {

namespace {

/// A handshake that takes longer gives way when `limits.sessions` is reached. Those of clients that
/// are on their way with it are over by then, as a rule.
constexpr base::seconds handshake_grace{1};

/// Other workers are asked for room at most this often.
constexpr base::milliseconds asking_interval{100};

} // namespace

admission::admission(const means& lent, accept_news news) noexcept
    : lent_{lent}, news_{std::move(news)}
{
}

admission::~admission() = default;

// --- listeners -----------------------------------------------------------------------------------

void admission::use(std::vector<listener_setup> setups)
{
    std::vector<std::unique_ptr<listener>> kept;
    for (listener_setup& each : setups) {
        for (auto& open : listeners_) {
            if (open == nullptr || !each.keeps(open->address()))
                continue;
            open->use(each.profile);
            kept.push_back(std::move(open));
        }
        for (listener_setup::fresh_socket& fresh : each.fresh) {
            kept.push_back(
                std::make_unique<listener>(*this, fresh.address, std::move(fresh.socket)));
            kept.back()->use(each.profile);
        }
    }
    for (const auto& closing : listeners_) {
        if (closing != nullptr)
            closing->empty_queue();
    }
    listeners_ = std::move(kept);
}

void admission::renew(const std::string& listener, const std::shared_ptr<tls::context>& tls)
{
    for (const auto& each : listeners_) {
        if (each->name() == listener)
            each->renew(tls);
    }
}

void admission::accept_the_last()
{
    for (const auto& each : listeners_) {
        if (!each->is_queue_held_by_others())
            each->empty_queue();
    }
    close();
}

void admission::wake_listeners()
{
    if (!news_.is_paused())
        return;
    for (const auto& each : listeners_)
        each->wake();
}

void admission::paused(metrics::listener_counters& counters, metrics::accept_pause why)
{
    news_.paused(counters, why, lent_.around.now);
}

void admission::failing(const listener& which, int error) noexcept
{
    news_.failing(which.name(), which.where().text(), error, lent_.around.now);
}

void admission::adopt(session::session& fresh) noexcept
{
    lent_.sessions.push_back(fresh);
    newcomers_.push_back(fresh);
}

// --- places --------------------------------------------------------------------------------------

bool admission::take_place() noexcept
{
    if (lent_.limit.take())
        return true;
    wants_place_ = true;
    // Once more: what was given back before it could be seen that we want it would go unnoticed.
    if (lent_.limit.take())
        return true;
    if (!make_room())
        ask_for_room();
    return false;
}

void admission::give_back_place() noexcept
{
    lent_.limit.give_back();
    for (admission* const each : others_) {
        if (each->wants_place_.load() && each->wants_place_.exchange(false))
            log::attempt(news_.log(), "tell another worker of a place",
                         [each] { each->lent_.mail.post([each] { each->wake_listeners(); }); });
    }
}

/// Ends the oldest session that has not come through its handshake in good time, so that a crowd
/// that says nothing keeps no client out. False if there is none.
bool admission::make_room() noexcept
{
    while (!newcomers_.empty()) {
        session::session& oldest = newcomers_.front();
        if (oldest.how_far() == record::state::handshaking) {
            if (lent_.around.now - oldest.accepted_at() < handshake_grace)
                return false;
            newcomers_.pop_front();
            oldest.end_at_once(ending::cause::limit);
            return true;
        }
        newcomers_.pop_front();
    }
    return false;
}

void admission::ask_for_room() noexcept
{
    if (asked_at_.has_value() && lent_.around.now - *asked_at_ < asking_interval)
        return;
    asked_at_ = lent_.around.now;
    for (admission* const each : others_)
        log::attempt(news_.log(), "ask another worker for a place",
                     [each] { each->lent_.mail.post([each] { each->make_room(); }); });
}

} // namespace ferrule::worker
