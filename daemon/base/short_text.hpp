// Text of bounded length inside of a plain value: copied without an allocation.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ferrule::base {

/// A string of at most `Capacity` bytes that lives inside its owner; what does not fit is cut.
template <std::size_t Capacity>
class short_text {
public:
    short_text() = default;
    explicit short_text(std::string_view text) noexcept { *this = text; }
    short_text& operator=(std::string_view text) noexcept
    {
        size_ = static_cast<std::uint8_t>(std::min(text.size(), Capacity));
        std::copy_n(text.begin(), size_, bytes_.begin());
        return *this;
    }
    std::string_view view() const noexcept { return {bytes_.data(), size_}; }
    bool empty() const noexcept { return size_ == 0; }

private:
    static_assert(Capacity <= 255);
    std::array<char, Capacity> bytes_{};
    std::uint8_t size_ = 0;
};

} // namespace ferrule::base
