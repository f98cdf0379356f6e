// The rules of docs/endings.md as somebody sees them who knows what both peers did and saw, and
// what their kernels had when.
//
// Shares no code with the decisions that it judges: what is compared are bytes, ends and moments of
// the simulated kernel, and the session's own record.
#pragma once

#include "simulation/theatre.hpp"

#include <string>
#include <vector>

namespace ferrule::simulation {

/// E7: what a process that has died tells its peers. There is no record.
std::vector<std::string> judge_death(theatre& of);

class oracle {
public:
    explicit oracle(theatre& of);

    /// Each violation begins with its rule: "E1: …". Empty: the session was told truly.
    std::vector<std::string> judge();

private:
    using cause = ending::cause;

    /// When an end can have been seen first, and when the session cannot but know of it.
    struct moments {
        time_point possible = never;
        time_point certain = never;
    };

    void expect(bool holds, const char* rule, const std::string& what);
    bool was(cause what) const { return told_.cause == what || told_.second == what; }
    bool may_be_polite() const;
    bool has_run_out_of_time() const;
    bool said_goodbye() const; ///< and the kernel has it
    std::uint64_t timeouts(metrics::shutdown_timeout which) const;
    moments of(cause what) const;
    moments of_client(cause what) const;
    moments of_backend(cause what) const;
    moments of_proxy(cause what) const;

    // oracle.cpp
    void check_record();   ///< E5
    void check_client();   ///< E1, E3
    void check_backend();  ///< E1, E3
    void check_acts();     ///< E5
    void check_counters(); ///< E5
    // oracle_bytes.cpp
    void check_to_backend(); ///< E2, E6
    void check_to_client();  ///< E2, E6
    void check_outcome();    ///< E2, E3, E6
    // oracle_goodbye.cpp
    void check_politeness();         ///< E1
    void check_goodbye_in_silence(); ///< E1
    void check_unread();             ///< E2
    void check_read_out();           ///< E2, and E5 of a goodbye that was refused
    // oracle_time.cpp
    void check_vanished();  ///< E1
    void check_silence();   ///< E4
    void check_idleness();  ///< E8
    void check_deadlines(); ///< E4

    theatre& of_;
    const observations& seen_;
    const scenario& plan_;
    const record::ended_session& told_;
    const ending::rules& manners_;
    client& client_;
    backend* backend_; ///< nullptr if the session had no connection to one
    endpoint& to_client_;
    endpoint* to_backend_;
    time_point connected_at_ = never;
    std::vector<std::string> found_;
};

} // namespace ferrule::simulation
