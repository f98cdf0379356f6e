// The other end of the control socket: `ferrule ctl`.
#pragma once

#include "base/json.hpp"
#include "base/time.hpp"

#include <string>

namespace ferrule::control {

/// Where `ferrule ctl` finds a control socket if nobody says: what package and image use.
inline constexpr const char* default_control_path = "/run/ferrule/control.sock";

/// `control.path` of a configuration file, however wrong the rest of that is: to reload a file with
/// errors has to reach the process, which then says what they are. Empty if the file cannot be read
/// or names none.
std::string control_path_in(const std::string& configuration);

/// Asks and waits. Throws std::runtime_error with a text for the operator if there is no answer
/// within `timeout`.
boost::json::object ask_control(const std::string& path, const boost::json::object& request,
                                base::seconds timeout);

/// An answer to `request` as a person reads it; ends with a line feed unless it is empty.
std::string answer_in_words(const boost::json::object& request, const boost::json::object& answer);

/// What `ferrule ctl` ends with: 0 yes or done, 1 no or failed, 2 the configuration has errors.
int exit_code_of(const boost::json::object& answer);

} // namespace ferrule::control
