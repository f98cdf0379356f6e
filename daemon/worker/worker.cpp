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
    : index_{index},
      log_{log},
      limit_{limit},
      admission_{{rounds_.around(), *this, mailbox_, sessions_, limit, process},
                 accept_news{log, limit, index}}
{
}

worker::~worker()
{
    stop();
    admission_.close();
    sessions_.clear_and_dispose([](session::session* each) { delete each; });
    dead_.clear_and_dispose([](session::session* each) { delete each; });
}

void worker::meet(const std::vector<std::unique_ptr<worker>>& all)
{
    std::vector<admission*> others;
    for (const auto& each : all) {
        if (each.get() != this)
            others.push_back(&each->admission_);
    }
    admission_.meet(std::move(others));
}

void worker::start()
{
    thread_ = base::start_thread("worker-" + std::to_string(index_), [this] { loop(); });
}

// --- the loop ------------------------------------------------------------------------------------

void worker::loop()
{
    while (!is_stopping_) {
        rounds_.next();
        bury();
    }
    end_all();
}

/// Destroys the sessions that ended in this round: nothing points to them any more.
void worker::bury()
{
    if (dead_.empty())
        return;
    dead_.clear_and_dispose([this](session::session* each) {
        delete each;
        admission_.give_back_place();
    });
    admission_.wake_listeners();
    report_if_drained();
}

// --- sessions ------------------------------------------------------------------------------------

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
    admission_.use(std::move(setup.listeners));
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
        admission_.renew(listener, tls);
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
    admission_.accept_the_last();

    const base::time_point now = rounds_.around().now;
    const base::time_point cut_at = now + timeout;
    // Spread, so that clients do not all come back in one moment; from the beginning on, so that
    // what is quiet does not wait for the end of a long drain.
    std::uniform_int_distribution<std::int64_t> from_now{0, spread.count()};
    for (session::session& each : sessions_)
        each.drain(now + base::milliseconds{from_now(random_)}, cut_at);
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

/// Resets and reports what is left.
void worker::end_all()
{
    admission_.close();
    rounds_.around().now = base::clock::now();
    for (session::session& each : sessions_)
        each.end_at_once(ending::cause::drain);
    while (rounds_.run_awake())
        bury();
}

} // namespace ferrule::worker
