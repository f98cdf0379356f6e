// Reads the keys of a block from their rows, lets the nearest block win, and keeps durations below
// those that bound them.
#pragma once

#include "config/kinds.hpp"
#include "config/row.hpp"
#include "yaml/block.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace ferrule::config {

/// Whether a block has a key, from no to yes.
enum class presence : std::uint8_t {
    absent,
    misspelt, ///< absent, and an error may be why: an unknown key like it, or no block at all
    wrong,    ///< it has no value that can be used, which has been reported
    good,
};

/// A key as one block writes it.
struct written {
    presence is = presence::absent;
    yaml::place at;
    std::string path;
};

/// What one block says.
template <class Settings, std::size_t count>
struct written_block {
    Settings values;                 ///< with its default for what is not good
    std::array<written, count> keys; ///< in the order of the rows
};

template <class Settings, class Rows>
using block_of = written_block<Settings, std::tuple_size_v<Rows>>;

template <class Settings, class Place, class Kind>
written read_row(const yaml::block& from, const row<Place, Kind>& key, Settings& result,
                 yaml::report& out)
{
    const auto found = from.find(key.name);
    if (!found)
        return {from.hides(key.name) ? presence::misspelt : presence::absent, {}, {}};
    const auto value = key.kind.read(*found, out);
    if (value) {
        auto& place = std::invoke(key.place, result);
        place = static_cast<std::remove_reference_t<decltype(place)>>(*value);
    }
    return {value ? presence::good : presence::wrong, found->at(), found->path};
}

/// Left to the block's own reader.
template <class Settings>
written read_row(const yaml::block&, const own_row&, Settings&, yaml::report&)
{
    return {};
}

/// Reads each key that `from` has into `result`. Returns how each was written, in their order.
template <class Settings, class... Row>
std::array<written, sizeof...(Row)> read_rows(const yaml::block& from,
                                              const std::tuple<Row...>& rows, Settings& result,
                                              yaml::report& out)
{
    std::array<written, sizeof...(Row)> keys;
    for_each_row(rows, [&](const auto& each, std::size_t index) {
        keys[index] = read_row(from, each, result, out);
    });
    return keys;
}

/// The same for a block of which no key has a reader of its own.
template <const auto& rows, class Settings>
auto read_block(const yaml::field& from, Settings& result, yaml::report& out)
{
    return read_rows(yaml::block(from, keys_of<rows>, out), rows, result, out);
}

/// The same block in several places, the nearest first; not empty.
template <class Settings, std::size_t count>
using blocks_by_nearness = std::vector<const written_block<Settings, count>*>;

/// The nearest block in which a key is at least so present; the last one if there is none.
template <class Settings, std::size_t count>
const written_block<Settings, count>& nearest(const blocks_by_nearness<Settings, count>& blocks,
                                              std::size_t key, presence at_least)
{
    for (const auto* each : blocks) {
        if (each->keys[key].is >= at_least)
            return *each;
    }
    return *blocks.back();
}

/// Each key by itself is taken from the nearest block that has it.
template <class Settings, class... Row>
Settings nearest_wins(const std::tuple<Row...>& rows,
                      const blocks_by_nearness<Settings, sizeof...(Row)>& blocks)
{
    Settings result;
    for_each_row(rows, [&](const auto& each, std::size_t index) {
        const auto& from = nearest(blocks, index, presence::wrong);
        std::invoke(each.place, result) = std::invoke(each.place, from.values);
    });
    return result;
}

/// One duration of what came out, and how it came to be.
struct settled_duration {
    std::string_view name;
    std::string_view below; ///< as in its row
    milliseconds* value;
    const written* key; ///< in the nearest block that has it
    bool is_known;      ///< false if an error hides what it should be
};

/// The durations of `result`, which `nearest_wins` made from the same blocks.
template <class Settings, class... Row>
std::vector<settled_duration>
durations_of(const std::tuple<Row...>& rows, Settings& result,
             const blocks_by_nearness<Settings, sizeof...(Row)>& blocks)
{
    std::vector<settled_duration> found;
    for_each_row(rows, [&](const auto& each, std::size_t index) {
        if constexpr (std::is_same_v<decltype(each.kind), duration>) {
            const written& key = nearest(blocks, index, presence::wrong).keys[index];
            const presence is = nearest(blocks, index, presence::misspelt).keys[index].is;
            found.push_back({each.name, each.below, &std::invoke(each.place, result), &key,
                             is == presence::absent || is == presence::good});
        }
    });
    return found;
}

/// Calls `refuse(duration, bound)` for each duration that is written and above its bound. One that
/// is not written follows a lower bound. Nothing is held against a bound that is not known.
void keep_below_bounds(
    const std::vector<settled_duration>& durations,
    const std::function<void(const settled_duration&, const settled_duration&)>& refuse);

} // namespace ferrule::config
