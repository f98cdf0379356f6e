#include "process/name_lookup.hpp"

#include "base/thread.hpp"
#include "log/attempt.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <utility>

namespace ferrule::process {

/// A lookup may outlive the process, so its thread is not joined: it leaves what it found here, if
/// anybody is left to take it.
struct name_lookup::inbox {
    std::mutex mutex;
    name_lookup* owner = nullptr;
};

name_lookup::name_lookup(main_loop& loop, log::session_log& log, resolver resolve)
    : loop_{loop},
      log_{log},
      resolve_{std::move(resolve)},
      timer_{loop.make_timer()},
      inbox_{std::make_shared<inbox>()}
{
    inbox_->owner = this;
}

name_lookup::~name_lookup()
{
    const std::lock_guard lock{inbox_->mutex};
    inbox_->owner = nullptr;
}

void name_lookup::look_up(backends_list backends, taker take)
{
    if (std::ranges::none_of(backends, backends::has_names))
        return take(resolve_(backends), {});
    base::start_thread("names", [inbox = inbox_, resolve = resolve_, backends = std::move(backends),
                                 take = std::move(take)] {
        backends::lookups found;
        std::string trouble;
        try {
            found = resolve(backends);
        } catch (const std::exception& error) {
            trouble = error.what();
        }
        const std::lock_guard lock{inbox->mutex};
        if (inbox->owner == nullptr)
            return;
        name_lookup& owner = *inbox->owner;
        log::attempt(owner.log_, "tell what names were found", [&] {
            owner.loop_.post("take up what names were found",
                             [take, found = std::move(found), trouble = std::move(trouble)] {
                                 take(found, trouble);
                             });
        });
    }).detach();
}

void name_lookup::keep_looking(std::function<backends_list()> wanted,
                               std::function<void(const backends::lookups& found)> take)
{
    wanted_ = std::move(wanted);
    take_ = std::move(take);
    look_later();
}

void name_lookup::stop()
{
    is_stopped_ = true;
}

void name_lookup::look_later()
{
    timer_->set(interval, "look names up later", [this] {
        if (!is_stopped_ && !log::attempt(log_, "look names up", [this] { look_again(); }))
            look_later();
    });
}

void name_lookup::look_again()
{
    backends_list backends = wanted_();
    std::erase_if(backends, [](const auto& each) { return !backends::has_names(each); });
    look_up(std::move(backends),
            [this](const backends::lookups& found, const std::string& trouble) {
                look_later();
                if (trouble.empty())
                    take_(found);
                else
                    log_.say(config::log_level::error, "cannot look names up: " + trouble);
            });
}

} // namespace ferrule::process
