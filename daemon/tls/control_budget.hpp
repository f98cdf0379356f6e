// What a peer may make us do without moving data.
#pragma once

#include <algorithm>
#include <cstdint>

namespace ferrule::tls {

/// Records that carry no data (KeyUpdates, warnings, refused renegotiations) cost us as much as
/// those that do: a KeyUpdate is a key schedule, and perhaps an answer. OpenSSL takes any number.
///
/// A bucket that data refill, in either direction and by their amount. Honest peers need it: a Java
/// client that has reached its limit for a key sends a KeyUpdate for each record that it receives,
/// until our next keys reach it (JDK-8329548); it only reads meanwhile, and megabytes may be on
/// their way.
class control_budget {
public:
    void refill(std::uint64_t data_bytes) noexcept
    {
        // R134, R137: who moves data may renew keys as often as it likes.
        credit_ = std::min(credit_ + std::min(data_bytes, most), most);
    }

    /// False if there is nothing left for one more record.
    bool spend() noexcept
    {
        if (credit_ < price)
            return false; // R135: who moves none may not
        credit_ -= price;
        return true;
    }

    /// What one record costs, in bytes of data.
    static constexpr std::uint64_t price = 2048;
    /// How many there may be before any data, and at most without any.
    static constexpr std::uint64_t records_at_first = 32;
    static constexpr std::uint64_t records_at_most = 512;

private:
    static constexpr std::uint64_t most = records_at_most * price;

    std::uint64_t credit_ = records_at_first * price;
};

} // namespace ferrule::tls
