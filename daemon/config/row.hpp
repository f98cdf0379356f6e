// What a row of the table (table.hpp) is.
#pragma once

#include "ending/rules.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>

namespace ferrule::config {

/// A key whose value is read by its kind. Its default is what the place has in a new struct.
template <class Place, class Kind>
struct row {
    std::string_view name;
    Place place; ///< where the value is stored: a pointer to a member, or what std::invoke takes so
    Kind kind;
    std::string_view sentence;   ///< with which the manual begins, without markup
    std::string_view below = {}; ///< the duration of the same block that it must not exceed, if any

    /// Its default, as a file has it; `defaults` is a new struct of those that have the place.
    template <class Settings>
    std::string standard(const Settings& defaults) const
    {
        return kind.text(std::invoke(place, defaults));
    }

    std::string allowed() const
    {
        return kind.allowed() + (below.empty() ? "" : ", at most " + std::string(below));
    }
};

template <class Place, class Kind>
row(std::string_view, Place, Kind, std::string_view, std::string_view = {}) -> row<Place, Kind>;

/// A key that its block's own reader reads: it is a block or a list, or names files or addresses.
struct own_row {
    std::string_view name;
    std::string_view standard; ///< its default, or "required"; empty: a block
    std::string_view allowed;  ///< in words
    std::string_view sentence; ///< empty: the manual says where to find the block
};

/// The place of an option that is one of the `rules` of a struct.
template <class Value>
struct rule {
    Value ending::rules::*which;

    template <class Settings>
    constexpr auto& operator()(Settings& settings) const
    {
        return settings.rules.*which;
    }
};

template <class Value>
rule(Value ending::rules::*) -> rule<Value>;

/// Calls `use(row, index)` for each row, in order.
template <class Use, class... Row>
constexpr void for_each_row(const std::tuple<Row...>& rows, Use use)
{
    std::size_t index = 0;
    std::apply([&](const Row&... each) { (use(each, index++), ...); }, rows);
}

template <class... Row>
constexpr std::array<std::string_view, sizeof...(Row)> names_of(const std::tuple<Row...>& rows)
{
    std::array<std::string_view, sizeof...(Row)> names;
    for_each_row(rows, [&](const auto& each, std::size_t index) { names[index] = each.name; });
    return names;
}

/// The keys that a block with these rows has; it refuses any other.
template <const auto& rows>
inline constexpr auto keys_of = names_of(rows);

} // namespace ferrule::config
