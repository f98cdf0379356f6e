#include "process/worker_threads.hpp"

#include <utility>

namespace ferrule::process {

worker_threads::worker_threads(main_loop& loop, metrics::process_state& state,
                               log::session_log& log)
    : loop_{loop}, state_{state}, log_{log}
{
}

worker_threads::~worker_threads()
{
    stop();
}

void worker_threads::make(int count)
{
    for (int i = 0; i < count; ++i)
        workers_.push_back(std::make_unique<worker::worker>(i, log_, state_, limit_));
}

void worker_threads::start()
{
    for (const auto& each : workers_)
        each->meet(workers_);
    for (const auto& each : workers_)
        each->start();
}

/// They talk to each other, so all of them end before any is destroyed.
void worker_threads::stop()
{
    for (const auto& each : workers_)
        each->stop();
}

std::vector<watchdog::ask> worker_threads::questions() const
{
    std::vector<watchdog::ask> result;
    for (const auto& each : workers_)
        result.push_back([worker = each.get()](std::function<void()> answer) {
            worker->ask(std::move(answer));
        });
    return result;
}

void worker_threads::apply(std::vector<worker::worker_setup> setups, std::uint64_t max_sessions)
{
    limit_.set(max_sessions);
    for (std::size_t i = 0; i < workers_.size(); ++i)
        workers_[i]->apply(std::move(setups[i]));
}

void worker_threads::set_servers(const std::string& backend, std::vector<servers> for_each)
{
    for (std::size_t i = 0; i < workers_.size(); ++i)
        workers_[i]->set_servers(backend, std::move(for_each[i]));
}

void worker_threads::renew(const std::string& listener, contexts for_each)
{
    for (std::size_t i = 0; i < workers_.size(); ++i)
        workers_[i]->renew(listener, std::move(for_each[i]));
}

void worker_threads::drain(base::milliseconds timeout, base::milliseconds spread, drained tell)
{
    for (const auto& each : workers_) {
        each->drain(timeout, spread, [this, tell](bool all_well) {
            loop_.post("go on with what is due", [tell, all_well] { tell(all_well); });
        });
    }
}

void worker_threads::list(const worker::session_filter& which, std::size_t most, listed tell)
{
    for (const auto& each : workers_) {
        each->list(which, most, [this, tell](worker::session_list found) {
            loop_.post("tell the sessions",
                       [tell, found = std::move(found)]() mutable { tell(std::move(found)); });
        });
    }
}

void worker_threads::kill(const worker::session_filter& which, killed tell)
{
    for (const auto& each : workers_) {
        each->kill(which, [this, tell](std::vector<std::uint64_t> ids) {
            loop_.post("tell who was killed", [tell, ids = std::move(ids)] { tell(ids); });
        });
    }
}

} // namespace ferrule::process
