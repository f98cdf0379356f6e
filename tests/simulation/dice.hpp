// The one source of chance of a simulated session. What a seed gives is the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace ferrule::simulation {

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, and the same everywhere, which the
/// distributions of the standard library are not.
class dice {
public:
    explicit dice(std::uint64_t seed) noexcept : state_{seed} {}

    std::uint64_t next() noexcept
    {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }

    /// 0 to limit - 1.
    std::size_t below(std::size_t limit) noexcept { return next() % limit; }
    std::size_t between(std::size_t least, std::size_t most) noexcept
    {
        return least + below(most - least + 1);
    }
    bool one_in(std::size_t times) noexcept { return below(times) == 0; }
    bool percent(std::size_t share) noexcept { return below(100) < share; }

    template <typename Enum>
    Enum choice(std::size_t count) noexcept
    {
        return static_cast<Enum>(below(count));
    }
    template <typename T, std::size_t Count>
    const T& of(const T (&all)[Count]) noexcept
    {
        return all[below(Count)];
    }

private:
    std::uint64_t state_;
};

} // namespace ferrule::simulation
