#include "config/read_process.hpp"

#include "config/read_rows.hpp"
#include "config/table.hpp"
#include "yaml/scalars.hpp"
#include "yaml/values.hpp"

#include <optional>
#include <string>
#include <vector>

#include <sys/un.h>

namespace ferrule::config {

namespace {

constexpr std::size_t longest_unix_path = sizeof(sockaddr_un::sun_path) - 1; // and the final NUL

using drain_block = block_of<drain_settings, decltype(drain_rows)>;

control_draft read_control(const yaml::field& from, control_settings& result, yaml::report& out)
{
    const yaml::block control(from, keys_of<control_rows>, out);
    read_rows(control, control_rows, result, out);
    const auto path = control.find("path");
    const auto text = path ? yaml::read_text(*path, out) : std::nullopt;
    if (!text || *text == "off")
        return {};
    if (yaml::means_off(*text)) {
        out.error(path->at(), path->path, yaml::in_quotes(*text) + " is not a path", "write off");
        return {};
    }
    if (!text->starts_with('/') || text->size() > longest_unix_path) {
        out.error(path->at(), path->path, yaml::in_quotes(*text) + " is not a path for a socket",
                  "an absolute path of at most " + std::to_string(longest_unix_path) +
                      " bytes, such as /run/ferrule/control.sock, or off");
        return {};
    }
    result.path = *text;
    return {endpoint{endpoint::kind::unix_socket, *text, 0}, path->at()};
}

/// `spread` lies within `timeout`.
void read_drain(const yaml::field& from, drain_settings& result, yaml::report& out)
{
    drain_block block;
    block.keys = read_block<drain_rows>(from, block.values, out);
    const std::vector<const drain_block*> blocks{&block};
    result = nearest_wins(drain_rows, blocks);
    keep_below_bounds(durations_of(drain_rows, result, blocks),
                      [&](const settled_duration& spread, const settled_duration& timeout) {
                          const std::string most = yaml::duration_text(*timeout.value);
                          out.error(spread.key->at, spread.key->path,
                                    yaml::duration_text(*spread.value) +
                                        " is above drain.timeout, which is " + most,
                                    "at most " + most);
                      });
}

} // namespace

control_draft read_process(const yaml::block& root, settings& out_settings, yaml::report& out)
{
    read_rows(root, root_rows, out_settings, out);
    if (const auto limits = root.find("limits"))
        read_block<limits_rows>(*limits, out_settings, out);
    if (const auto log = root.find("log"))
        read_block<log_rows>(*log, out_settings.log, out);
    if (const auto drain = root.find("drain"))
        read_drain(*drain, out_settings.drain, out);
    if (const auto control = root.find("control"))
        return read_control(*control, out_settings.control, out);
    return {};
}

} // namespace ferrule::config
