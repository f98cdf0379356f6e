#include "process/reload.hpp"

#include "log/attempt.hpp"

#include <exception>
#include <memory>
#include <utility>

namespace ferrule::process {

using config::log_level;

namespace {

constexpr int exit_failed = 1;
constexpr int exit_configuration = 2;

constexpr const char* draining = "reload ignored: draining";

} // namespace

reload::reload(loader load, std::string file, metrics::process_state& state, log::session_log& log,
               steps take)
    : load_{std::move(load)},
      file_{std::move(file)},
      state_{state},
      log_{log},
      take_{std::move(take)}
{
}

void reload::ask(answer tell)
{
    if (is_stopped_ || !load_) {
        const std::string why =
            is_stopped_ ? draining : "reload ignored: there is no configuration file";
        log_.say(log_level::warning, why);
        if (tell)
            tell({exit_failed, why});
        return;
    }
    if (is_under_way_) {
        asked_another_.push_back(std::move(tell));
        return;
    }
    asked_.push_back(std::move(tell));
    begin();
}

void reload::stop()
{
    is_stopped_ = true;
}

void reload::begin()
{
    is_under_way_ = true;
    take_.begun();
    try {
        auto fresh = std::make_shared<loaded>(load_());
        if (!fresh->reading.settings.has_value())
            return end(
                {exit_configuration, yaml::to_text(fresh->reading.findings, fresh->text, file_)});
        fresh->reading.settings->file = file_;
        take_.look_up(fresh->reading.settings->backends,
                      [this, fresh](const backends::lookups& found, const std::string& trouble) {
                          end(try_to_replace(*fresh, found, trouble));
                      });
    } catch (const std::exception& error) {
        end({exit_failed, error.what()});
    }
}

reload_result reload::try_to_replace(loaded& fresh, const backends::lookups& found,
                                     const std::string& trouble)
try {
    if (is_stopped_)
        return {exit_failed, draining};
    if (!trouble.empty())
        return {exit_failed, "cannot look names up: " + trouble};
    const std::string findings = yaml::to_text(fresh.reading.findings, fresh.text, file_);
    take_.replace(std::move(*fresh.reading.settings), found, findings);
    return {0, findings};
} catch (const std::exception& error) {
    return {exit_failed, error.what()};
}

void reload::end(const reload_result& result)
{
    state_.last_reload_ok = result.exit_code == 0;
    if (result.exit_code == 0) {
        ++state_.reloads_ok;
        log_.say(log_level::info, "reloaded");
    } else {
        log_.say(log_level::error, result.text);
        log_.say(log_level::error, "reload failed: the configuration in force stays");
        ++state_.reloads_failed;
    }
    // Guarded, as the answers are: what fails here must not leave a reload that never ends.
    log::attempt(log_, "clear up behind a reload", [&] { take_.ended(result.exit_code == 0); });
    for (const answer& each : std::exchange(asked_, {})) {
        if (each)
            log::attempt(log_, "tell how a reload ended", [&] { each(result); });
    }
    is_under_way_ = false; // only now: an answer that asks again waits for its turn
    asked_ = std::exchange(asked_another_, {});
    if (!asked_.empty())
        begin();
}

} // namespace ferrule::process
