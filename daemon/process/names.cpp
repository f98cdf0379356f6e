// The names of backends are looked up on a thread of their own: getaddrinfo(3) may take many
// seconds and has no timeout, and signals, commands and drains do not wait for it.

#include "base/thread.hpp"
#include "log/attempt.hpp"
#include "process/process.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>

namespace ferrule::process {

namespace asio = boost::asio;

namespace {

/// How often they are looked up again.
constexpr base::seconds names_interval{10};

} // namespace

/// A lookup may outlive the process, so its thread is not joined: it leaves what it found here, if
/// anybody is left to take it.
struct process::names_inbox {
    std::mutex mutex;
    process* taker = nullptr;
};

std::shared_ptr<process::names_inbox> process::open_inbox()
{
    auto inbox = std::make_shared<names_inbox>();
    inbox->taker = this;
    return inbox;
}

void process::close_inbox()
{
    const std::lock_guard lock{inbox_->mutex};
    inbox_->taker = nullptr;
}

/// Gives what was found to `take`, later; at once if nothing of it takes time. Throws if there can
/// be no thread for it.
void process::look_up(std::vector<config::backend_settings> backends, names_taker take)
{
    if (std::ranges::none_of(backends, backends::has_names))
        return take(backends::resolve_servers(backends), {});
    base::start_thread("names", [inbox = inbox_, backends = std::move(backends),
                                 take = std::move(take)] {
        backends::lookups found;
        std::string trouble;
        try {
            found = backends::resolve_servers(backends);
        } catch (const std::exception& error) {
            trouble = error.what();
        }
        const std::lock_guard lock{inbox->mutex};
        if (inbox->taker == nullptr)
            return;
        process& taker = *inbox->taker;
        log::attempt(taker.log_, "tell what names were found", [&] {
            asio::post(taker.io_,
                       [&taker, take, found = std::move(found), trouble = std::move(trouble)] {
                           log::attempt(taker.log_, "take up what names were found",
                                        [&] { take(found, trouble); });
                       });
        });
    }).detach();
}

void process::refresh_names_later()
{
    after(names_timer_, names_interval, "look names up later", [this] {
        if (!draining_ && !log::attempt(log_, "look names up", [this] { refresh_names(); }))
            refresh_names_later();
    });
}

void process::refresh_names()
{
    std::vector<config::backend_settings> backends;
    std::ranges::copy_if(settings_.backends, std::back_inserter(backends), backends::has_names);
    look_up(std::move(backends),
            [this](const backends::lookups& found, const std::string& trouble) {
                refresh_names_later();
                if (trouble.empty())
                    names_found(found);
                else
                    log_.say(config::log_level::error, "cannot look names up: " + trouble);
            });
}

void process::names_found(const backends::lookups& found)
{
    deployment_.learn(found);
    for (const config::backend_settings& backend : settings_.backends) {
        if (!backends::has_names(backend))
            continue;
        std::vector<worker_pool::servers> for_each;
        for (std::size_t i = 0; i < workers_.size(); ++i)
            for_each.push_back(deployment_.servers_of(backend, static_cast<int>(i)));
        workers_.set_servers(backend.name, std::move(for_each));
    }
}

} // namespace ferrule::process
