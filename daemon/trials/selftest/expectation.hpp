// What each row of `ferrule selftest endings` has to show: docs/endings.md as a function of the
// configuration. It knows nothing of what happened, nor of how sessions decide (ending/).
#pragma once

#include "trials/selftest/rows.hpp"
#include "trials/selftest/sighting.hpp"

#include <string>
#include <vector>

namespace ferrule::selftest {

/// All that an expectation depends on.
struct circumstances {
    ending::rules rules;
    base::milliseconds bound = base::off; ///< that the row waits out, as it is in force
    base::milliseconds quiet = base::seconds{5};
    bool lingers = true; ///< `linger` and `linger_bytes` suffice to see the peers' own ends

    friend bool operator==(const circumstances&, const circumstances&) = default;
};

/// Those of a row under a configuration that settings_for made.
circumstances circumstances_of(trial row, const config::settings& played);

/// One way in which a row may go. Where an end has several, as it depends on which of two events
/// comes first, the list has several, and each is complete but for what it leaves open.
struct expectation {
    sighting client;
    sighting backend;
    told_ending told;
    bool any_bytes = false;      ///< data was on its way to the client when it was cut
    bool any_outcome = false;    ///< so it depends on how much of that it had: this one, or worse
    bool any_client_act = false; ///< the client leaves by itself, sooner or later than we
    bool end_unseen = false;     ///< the linger may be over before a peer's own end

    friend bool operator==(const expectation&, const expectation&) = default;
};

/// Never empty. Pure.
std::vector<expectation> expected(trial row, const circumstances& given);

/// The options that somebody chose and without which the row would go otherwise, as configuration
/// writes them: "on_client_truncation: fin". Where several would each do it alone, they are one
/// entry: "mode: notify or half_close: close". Empty if the row goes as by default. Pure.
std::vector<std::string> choices_behind(trial row, const circumstances& given);

/// Why `seen` is none of `allowed`, one sentence for each field against the nearest of them; empty
/// if it is one. Pure.
std::vector<std::string> differences(const std::vector<expectation>& allowed,
                                     const observation& seen);

} // namespace ferrule::selftest
