#include "config/read_shutdown.hpp"

#include "config/keys.hpp"
#include "yaml/scalars.hpp"
#include "yaml/values.hpp"

#include <array>
#include <utility>

namespace ferrule::config {

namespace {

constexpr yaml::duration_range handshake_range{100ms, 5min};
constexpr yaml::duration_range connect_range{10ms, 5min};
constexpr yaml::duration_range idle_range{100ms, 7 * 24h, true};
constexpr yaml::duration_range lifetime_range{1s, 365 * 24h, true};

constexpr yaml::duration_range timeout_range{10ms, 1h};
constexpr yaml::duration_range half_close_timeout_range{10ms, 24h};
constexpr yaml::duration_range stall_timeout_range{10ms, 1h};
constexpr yaml::duration_range quiet_range{10ms, 1h};
constexpr yaml::duration_range linger_range{0s, 1min};
constexpr yaml::number_range linger_bytes_range{0, 1024 * 1024 * 1024};
constexpr yaml::duration_range deadline_range{100ms, 24h};

constexpr std::array half_close_rules{ending::half_close::carry, ending::half_close::close};
constexpr std::array client_policies{ending::client_policy::reset, ending::client_policy::fin};
constexpr std::array backend_policies{ending::backend_policy::reset,
                                      ending::backend_policy::truncate};
constexpr std::array proxy_policies{ending::proxy_policy::ask, ending::proxy_policy::notify,
                                    ending::proxy_policy::reset};

/// Reads one option with `read_value(field)`.
template <class T, class reader>
void read_option(const yaml::block& from, const char* key, written<T>& option, reader read_value)
{
    if (const auto found = from.find(key))
        option = {true, read_value(*found), found->at(), found->path};
}

void read_option(const yaml::block& from, const char* key, written<milliseconds>& option,
                 yaml::duration_range range, yaml::report& out)
{
    read_option(from, key, option,
                [&](const yaml::field& value) { return yaml::read_duration(value, range, out); });
}

template <class T, class words>
void read_option(const yaml::block& from, const char* key, written<T>& option, const words& choices,
                 const char* noun, yaml::report& out)
{
    read_option(from, key, option, [&](const yaml::field& value) {
        return yaml::read_word(value, choices, noun, out);
    });
}

/// Of the same option in several blocks, the nearest first: the first that is written.
template <class block_type, class T, std::size_t count>
const written<T>& first_written(const std::array<const block_type*, count>& blocks,
                                written<T> block_type::*option)
{
    for (const block_type* candidate : blocks) {
        if ((candidate->*option).is_there)
            return candidate->*option;
    }
    return blocks.back()->*option;
}

using shutdown_blocks = std::array<const shutdown_block*, 3>;

/// One duration of a listener's shutdown settings that must not be above its deadline.
struct bounded {
    written<milliseconds> shutdown_block::*option;
    milliseconds shutdown_settings::*setting;
};
constexpr std::array bounded_options{
    bounded{&shutdown_block::timeout, &shutdown_settings::timeout},
    bounded{&shutdown_block::stall_timeout, &shutdown_settings::stall_timeout},
    bounded{&shutdown_block::linger, &shutdown_settings::linger},
};

std::string describe(const written<milliseconds>& deadline, milliseconds value)
{
    return "the deadline, which is " + yaml::duration_text(value) +
           (deadline.is_there ? " in line " + std::to_string(deadline.at.line) : " by default");
}

void keep_within_deadline(shutdown_settings& result, const shutdown_blocks& blocks,
                          yaml::report& out)
{
    const written<milliseconds>& deadline = first_written(blocks, &shutdown_block::deadline);
    if (deadline.is_there && !deadline.value)
        return;
    for (const bounded& each : bounded_options) {
        const written<milliseconds>& option = first_written(blocks, each.option);
        milliseconds& value = result.*each.setting;
        if (value <= result.deadline)
            continue;
        if (option.value)
            out.error(option.at, option.path,
                      yaml::duration_text(value) + " is above " +
                          describe(deadline, result.deadline),
                      "lower it to " + yaml::duration_text(result.deadline) +
                          " or less, or raise the deadline");
        else
            value = result.deadline;
    }
}

} // namespace

timeouts_block read_timeouts(const yaml::block& parent, yaml::report& out)
{
    timeouts_block result;
    const auto found = parent.find("timeouts");
    if (!found)
        return result;
    const yaml::block from(*found, keys::timeouts, out);
    read_option(from, "handshake", result.handshake, handshake_range, out);
    read_option(from, "connect", result.connect, connect_range, out);
    read_option(from, "idle", result.idle, idle_range, out);
    read_option(from, "lifetime", result.lifetime, lifetime_range, out);
    return result;
}

shutdown_block read_shutdown(const yaml::block& parent, yaml::report& out)
{
    shutdown_block result;
    const auto found = parent.find("shutdown");
    if (!found)
        return result;
    const yaml::block from(*found, keys::shutdown, out);
    read_option(from, "mode", result.mode, ending::all_modes, "a shutdown mode", out);
    read_option(from, "timeout", result.timeout, timeout_range, out);
    read_option(from, "half_close", result.half_close, half_close_rules, "a half-close rule", out);
    read_option(from, "half_close_timeout", result.half_close_timeout, half_close_timeout_range,
                out);
    read_option(from, "stall_timeout", result.stall_timeout, stall_timeout_range, out);
    read_option(from, "linger", result.linger, linger_range, out);
    read_option(from, "linger_bytes", result.linger_bytes, [&](const yaml::field& value) {
        return yaml::read_size(value, linger_bytes_range, out);
    });
    read_option(from, "deadline", result.deadline, deadline_range, out);
    // Without this, a slip in `deadline` would also put other options above the default.
    result.deadline.is_there = result.deadline.is_there || from.hides("deadline");
    read_option(from, "on_client_truncation", result.on_client_truncation, client_policies,
                "a way to end", out);
    read_option(from, "on_client_reset", result.on_client_reset, client_policies, "a way to end",
                out);
    read_option(from, "on_backend_reset", result.on_backend_reset, backend_policies, "a way to end",
                out);
    read_option(from, "on_proxy_end", result.on_proxy_end, proxy_policies, "a way to end", out);
    read_option(from, "quiet", result.quiet, quiet_range, out);
    return result;
}

timeout_settings resolve(const timeouts_block& listener, const timeouts_block& top_level)
{
    const std::array<const timeouts_block*, 2> blocks{&listener, &top_level};
    timeout_settings result;
    const auto apply = [&](auto option, auto& setting) {
        setting = first_written(blocks, option).value.value_or(setting);
    };
    apply(&timeouts_block::handshake, result.handshake);
    apply(&timeouts_block::connect, result.connect);
    apply(&timeouts_block::idle, result.idle);
    apply(&timeouts_block::lifetime, result.lifetime);
    return result;
}

shutdown_settings resolve(const shutdown_block& listener, const shutdown_block& backend,
                          const shutdown_block& top_level, yaml::report& out)
{
    const shutdown_blocks blocks{&listener, &backend, &top_level};
    shutdown_settings result;
    const auto apply = [&](auto option, auto& setting) {
        setting = first_written(blocks, option).value.value_or(setting);
    };
    apply(&shutdown_block::mode, result.rules.mode);
    apply(&shutdown_block::timeout, result.timeout);
    apply(&shutdown_block::half_close, result.rules.half_close);
    apply(&shutdown_block::half_close_timeout, result.half_close_timeout);
    apply(&shutdown_block::stall_timeout, result.stall_timeout);
    apply(&shutdown_block::linger, result.linger);
    apply(&shutdown_block::linger_bytes, result.linger_bytes);
    apply(&shutdown_block::deadline, result.deadline);
    apply(&shutdown_block::on_client_truncation, result.rules.on_client_truncation);
    apply(&shutdown_block::on_client_reset, result.rules.on_client_reset);
    apply(&shutdown_block::on_backend_reset, result.rules.on_backend_reset);
    apply(&shutdown_block::on_proxy_end, result.rules.on_proxy_end);
    apply(&shutdown_block::quiet, result.quiet);
    keep_within_deadline(result, blocks, out);
    return result;
}

} // namespace ferrule::config
