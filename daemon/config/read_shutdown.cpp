#include "config/read_shutdown.hpp"

#include "yaml/scalars.hpp"

#include <string>

namespace ferrule::config {

namespace {

void refuse_above(const settled_duration& option, const settled_duration& deadline,
                  yaml::report& out)
{
    const std::string most = yaml::duration_text(*deadline.value);
    const std::string where = deadline.key->is == presence::good
                                  ? " in line " + std::to_string(deadline.key->at.line)
                                  : " by default";
    out.error(option.key->at, option.key->path,
              yaml::duration_text(*option.value) + " is above the deadline, which is " + most +
                  where,
              "lower it to " + most + " or less, or raise the deadline");
}

} // namespace

timeouts_block read_timeouts(const yaml::block& parent, yaml::report& out)
{
    timeouts_block result;
    if (const auto found = parent.find("timeouts"))
        result.keys = read_block<timeouts_rows>(*found, result.values, out);
    return result;
}

shutdown_block read_shutdown(const yaml::block& parent, yaml::report& out)
{
    shutdown_block result;
    if (const auto found = parent.find("shutdown"))
        result.keys = read_block<shutdown_rows>(*found, result.values, out);
    return result;
}

timeout_settings resolve(const timeouts_block& listener, const timeouts_block& top_level)
{
    return nearest_wins(timeouts_rows, std::vector{&listener, &top_level});
}

shutdown_settings resolve(const shutdown_block& listener, const shutdown_block& backend,
                          const shutdown_block& top_level, yaml::report& out)
{
    // R98, R99: the nearest one to the client wins, option by option.
    const std::vector blocks{&listener, &backend, &top_level};
    shutdown_settings result = nearest_wins(shutdown_rows, blocks);
    keep_below_bounds(durations_of(shutdown_rows, result, blocks),
                      [&](const settled_duration& option, const settled_duration& deadline) {
                          refuse_above(option, deadline, out);
                      });
    return result;
}

} // namespace ferrule::config
