#include "worker/worker.hpp"

#include "base/thread.hpp"
#include "log/attempt.hpp"
#include "worker/drain_verdict.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace ferrule::worker {

worker::worker(int index, log::session_log& log, metrics::process_state& process,
               session_limit& limit)
    : index_{index}, log_{log}, process_{process}, limit_{limit}
{
}

worker::~worker()
{
    stop();
    listeners_.clear();
    sessions_.clear_and_dispose([](session::session* each) { delete each; });
    dead_.clear_and_dispose([](session::session* each) { delete each; });
}

void worker::start()
{
    thread_ = base::start_thread("worker-" + std::to_string(index_), [this] { loop(); });
}

// --- the loop ------------------------------------------------------------------------------------

/// Rounds: events set bits and wake, deadlines wake, whoever is awake has one turn.
void worker::loop()
{
    while (!is_stopping_)
        round();
    end_all();
}

/// What has happened counts before the time that has passed, also when the process was stopped for
/// a while, at whichever instruction. So nobody is told of a time that is later than the last look
/// at what is there, by more than a tick of the wheel; a turn reads what that look has found before
/// it acts on a bound.
void worker::round()
{
    round_start start{.before = base::clock::now()};
    start.wait = time_to_wait(start.before);
    start.was_interrupted = events_.collect(start.wait) == net::collected::interrupted;
    start.now = start.before;
    if (start.wait.count() != 0) {
        start.now = base::clock::now();
        if (is_deadline_due(start.now))
            events_.collect();
    }
    around_.now = start.now;
    const bool is_in_time = attendance_.may_deadlines_act(start);
    around_.served_since = attendance_.served_since();
    if (is_in_time)
        wheel_.advance(around_.now);
    ready_.run_once();
    bury();
}

base::milliseconds worker::time_to_wait(base::time_point now) const noexcept
{
    if (!ready_.empty())
        return base::milliseconds{0};
    const std::optional<base::time_point> next = wheel_.next();
    if (!next.has_value())
        return net::event_set::forever;
    // Rounded up: a wait that ends a little before the deadline would be followed by another.
    return std::max(std::chrono::ceil<base::milliseconds>(*next - now), base::milliseconds{0});
}

bool worker::is_deadline_due(base::time_point now) const noexcept
{
    const std::optional<base::time_point> next = wheel_.next();
    return next.has_value() && *next <= now;
}

/// Destroys the sessions that ended in this round: nobody holds a pointer to them any more.
void worker::bury()
{
    if (dead_.empty())
        return;
    dead_.clear_and_dispose([this](session::session* each) {
        delete each;
        give_back_place();
    });
    wake_listeners();
    report_if_drained();
}

// --- sessions ------------------------------------------------------------------------------------

void worker::adopt(session::session& fresh) noexcept
{
    sessions_.push_back(fresh);
    newcomers_.push_back(fresh);
}

void worker::ended(session::session& which, const record::ended_session& told)
{
    all_well_ = all_well_ && is_well_in_drain(told);
    log_.ended(index_, told, which.take_recording());
    which.siblings.unlink();
    dead_.push_back(which);
}

std::uint64_t worker::next_session_id() noexcept
{
    return limit_.next_id();
}

/// Something that the main thread ordered could not be done: it is that one order, and no session.
void worker::order_failed(const std::exception& error) noexcept
{
    log::attempt(log_, "tell what went wrong", [&] {
        log_.say(config::log_level::error, "worker=" + std::to_string(index_) +
                                               " cannot do what it was told to: " + error.what());
    });
}

// --- configuration -------------------------------------------------------------------------------

void worker::apply(worker_setup setup)
{
    mailbox_.post([this, setup = std::move(setup)]() mutable { take(std::move(setup)); });
}

void worker::take(worker_setup setup)
{
    backends_ = std::move(setup.backends);

    std::vector<std::unique_ptr<listener>> kept;
    for (listener_setup& each : setup.listeners) {
        for (auto& open : listeners_) {
            if (open == nullptr || !each.keeps(open->address()))
                continue;
            open->use(each.profile);
            kept.push_back(std::move(open));
        }
        for (listener_setup::fresh_socket& fresh : each.fresh) {
            listener_owner& owner = *this;
            kept.push_back(
                std::make_unique<listener>(owner, fresh.address, std::move(fresh.socket)));
            kept.back()->use(each.profile);
        }
    }
    for (const auto& closing : listeners_) {
        if (closing != nullptr)
            closing->empty_queue();
    }
    listeners_ = std::move(kept);
}

void worker::set_servers(std::string backend, std::vector<backends::server> servers)
{
    mailbox_.post([this, backend = std::move(backend), servers = std::move(servers)]() mutable {
        for (const auto& each : backends_) {
            if (each->name() == backend)
                each->set_servers(std::move(servers));
        }
    });
}

void worker::renew(std::string listener, std::shared_ptr<tls::context> tls)
{
    mailbox_.post([this, listener = std::move(listener), tls = std::move(tls)] {
        for (const auto& each : listeners_) {
            if (each->name() == listener)
                each->renew(tls);
        }
    });
}

// --- ending --------------------------------------------------------------------------------------

void worker::drain(base::milliseconds timeout, base::milliseconds spread, drained_callback done)
{
    mailbox_.post([this, timeout, spread, done = std::move(done)]() mutable {
        drained_ = std::move(done);
        begin_drain(timeout, spread);
    });
}

void worker::begin_drain(base::milliseconds timeout, base::milliseconds spread)
{
    draining_ = true;
    all_well_ = true;
    for (const auto& each : listeners_) {
        if (!each->is_queue_held_by_others())
            each->empty_queue();
    }
    listeners_.clear();

    const base::time_point cut_at = around_.now + timeout;
    // Spread, so that clients do not all come back in one moment; from the beginning on, so that
    // what is quiet does not wait for the end of a long drain.
    std::uniform_int_distribution<std::int64_t> from_now{0, spread.count()};
    for (session::session& each : sessions_)
        each.drain(around_.now + base::milliseconds{from_now(random_)}, cut_at);
    report_if_drained();
}

void worker::report_if_drained()
{
    if (draining_ && sessions_.empty() && drained_)
        log::attempt(log_, "tell that the drain is over",
                     [this] { std::exchange(drained_, {})(all_well_); });
}

void worker::stop()
{
    if (!thread_.joinable())
        return;
    is_stopping_ = true;
    mailbox_.ring();
    thread_.join();
}

/// Resets and reports whoever is left.
void worker::end_all()
{
    listeners_.clear();
    around_.now = base::clock::now();
    for (session::session& each : sessions_)
        each.end_at_once(ending::cause::drain);
    while (!ready_.empty()) {
        ready_.run_once();
        bury();
    }
}

} // namespace ferrule::worker
