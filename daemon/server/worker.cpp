#include "server/worker.hpp"

#include "base/thread.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace ferrule::server {

namespace {

/// A pause of accepting is logged at most this often; it is counted each time.
constexpr base::seconds pause_log_interval{10};

const char* text_of(metrics::accept_pause why)
{
    switch (why) {
    case metrics::accept_pause::descriptors: return "descriptors";
    case metrics::accept_pause::memory: return "memory";
    case metrics::accept_pause::sessions: return "sessions";
    }
    return "?";
}

/// True if the drain has not waited for the session's own end, and could not make it a clean one.
/// Every byte that was read may have arrived all the same.
bool was_cut_by_drain(const session::record& told)
{
    const bool by_drain = told.cause == ending::cause::drain || told.second == ending::cause::drain;
    return by_drain &&
           (told.client_act == ending::act::reset || told.backend_act == ending::act::reset);
}

} // namespace

worker::worker(int index, session_log& log) : index_{index}, log_{log} {}

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
    while (!is_stopped_) {
        events_.collect(time_to_wait());
        around_.now = base::clock::now();
        wheel_.advance(around_.now);
        ready_.run_once();
        bury();
    }
}

base::milliseconds worker::time_to_wait() const noexcept
{
    if (!ready_.empty())
        return base::milliseconds{0};
    const std::optional<base::time_point> next = wheel_.next();
    if (!next.has_value())
        return net::event_set::forever;
    // Rounded up: a wait that ends a little before the deadline would be followed by another.
    return std::max(std::chrono::ceil<base::milliseconds>(*next - around_.now),
                    base::milliseconds{0});
}

/// Destroys the sessions that ended in this round: nobody holds a pointer to them any more.
void worker::bury()
{
    if (dead_.empty())
        return;
    dead_.clear_and_dispose([](session::session* each) { delete each; });
    if (paused_) {
        for (const auto& each : listeners_)
            each->wake();
    }
    report_if_drained();
}

// --- sessions ------------------------------------------------------------------------------------

void worker::adopt(session::session& fresh) noexcept
{
    sessions_.push_back(fresh);
    ++open_;
}

void worker::ended(session::session& which, const session::record& told)
{
    all_whole_ = all_whole_ && told.outcome == ending::outcome::whole && !was_cut_by_drain(told);
    log_.ended(index_, told, which.take_recording());
    which.siblings.unlink();
    dead_.push_back(which);
    --open_;
}

std::uint64_t worker::next_session_id() noexcept
{
    // Each worker counts in a range of its own.
    return (static_cast<std::uint64_t>(index_) << 40U) + ++session_count_;
}

void worker::paused(metrics::listener_counters& counters, metrics::accept_pause why)
{
    if (paused_)
        return;
    paused_ = true;
    counters.accept_paused[static_cast<std::size_t>(why)].add();
    if (pause_logged_at_.has_value() && around_.now - *pause_logged_at_ < pause_log_interval)
        return;
    pause_logged_at_ = around_.now;
    log_.say(config::log_level::warning, "accepting paused worker=" + std::to_string(index_) +
                                             " reason=" + text_of(why) +
                                             " open_sessions=" + std::to_string(open_));
}

// --- configuration -------------------------------------------------------------------------------

void worker::apply(worker_setup setup)
{
    mailbox_.post([this, setup = std::move(setup)]() mutable { take(std::move(setup)); });
}

void worker::take(worker_setup setup)
{
    max_sessions_ = setup.max_sessions;
    backends_ = std::move(setup.backends);

    std::vector<std::unique_ptr<listener>> kept;
    for (listener_setup& each : setup.listeners) {
        for (auto& open : listeners_) {
            if (open == nullptr || std::find(each.addresses.begin(), each.addresses.end(),
                                             open->address()) == each.addresses.end())
                continue;
            open->use(each.profile);
            kept.push_back(std::move(open));
        }
        for (listener_setup::fresh_socket& fresh : each.fresh) {
            try {
                listener_owner& owner = *this;
                kept.push_back(
                    std::make_unique<listener>(owner, fresh.address, std::move(fresh.socket)));
                kept.back()->use(each.profile);
            } catch (const std::system_error& error) {
                log_.say(config::log_level::error, error.what());
            }
        }
    }
    for (const auto& closing : listeners_) {
        if (closing != nullptr)
            closing->empty_queue();
    }
    listeners_ = std::move(kept);
}

void worker::set_servers(std::string backend, std::vector<session::server> servers)
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
    all_whole_ = true;
    for (const auto& each : listeners_) {
        if (!each->is_queue_held_by_others())
            each->empty_queue();
    }
    listeners_.clear();

    const base::time_point cut_at = around_.now + timeout;
    std::uniform_int_distribution<std::int64_t> before_the_cut{0, spread.count()};
    for (session::session& each : sessions_)
        each.drain(cut_at - base::milliseconds{before_the_cut(random_)}, cut_at);
    report_if_drained();
}

void worker::report_if_drained()
{
    if (draining_ && sessions_.empty() && drained_)
        std::exchange(drained_, {})(all_whole_);
}

void worker::stop()
{
    if (!thread_.joinable())
        return;
    mailbox_.post([this] {
        listeners_.clear();
        for (session::session& each : sessions_)
            each.end_at_once(ending::cause::drain);
        while (!ready_.empty())
            ready_.run_once();
        bury();
        is_stopped_ = true;
    });
    thread_.join();
}

} // namespace ferrule::server
