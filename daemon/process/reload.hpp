// The configuration is read again: for whom, and what they are told.
#pragma once

#include "backends/resolve.hpp"
#include "config/settings.hpp"
#include "log/session_log.hpp"
#include "metrics/registry.hpp"
#include "process/load_settings.hpp"
#include "process/name_lookup.hpp"

#include <functional>
#include <string>
#include <vector>

namespace ferrule::process {

struct reload_result {
    int exit_code = 0; ///< as for the whole process: 1 it failed, 2 the file has errors
    std::string text;  ///< what is wrong, for people; may have warnings if nothing is
};

/// Main thread only.
class reload {
public:
    /// Reads the configuration again; empty where there is no file.
    using loader = std::function<loaded()>;

    using answer = std::function<void(const reload_result& result)>;

    /// What a reload does, in this order.
    struct steps {
        std::function<void()> begun;
        /// As name_lookup::look_up.
        std::function<void(name_lookup::backends_list backends, name_lookup::taker take)> look_up;
        /// As configuration::replace.
        std::function<void(config::settings fresh, const backends::lookups& found,
                           const std::string& findings)>
            replace;
        /// It is counted and logged; those who asked are told next.
        std::function<void(bool is_in_force)> ended;
    };

    /// `file` is what the settings call theirs. All that is given must outlive it.
    reload(loader load, std::string file, metrics::process_state& state, log::session_log& log,
           steps take);

    /// Tells the outcome to `tell` (if there is one), at once or later: names may have to be looked
    /// up. Who asks while a reload is under way gets the outcome of another one, since the files
    /// may have changed after they were read.
    void ask(answer tell);

    /// The process drains: no reload succeeds any more, be it under way or asked for later.
    void stop();

private:
    void begin();
    reload_result try_to_replace(loaded& fresh, const backends::lookups& found,
                                 const std::string& trouble);
    void end(const reload_result& result);

    loader load_;
    std::string file_;
    metrics::process_state& state_;
    log::session_log& log_;
    steps take_;
    bool is_under_way_ = false;
    bool is_stopped_ = false;
    std::vector<answer> asked_;         ///< by whom the one under way was asked for
    std::vector<answer> asked_another_; ///< who came meanwhile: for them it is done again
};

} // namespace ferrule::process
