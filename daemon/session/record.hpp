// One ended session, as the log tells it. A plain value of fixed size, so that handing it from a
// worker to the log is a copy and nothing else.
#pragma once

#include "base/time.hpp"
#include "ending/vocabulary.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace ferrule::session {

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

struct record {
    std::int64_t ended_at_microseconds = 0; ///< Unix time
    std::uint64_t session_id = 0;           ///< unique in this process
    short_text<32> listener;
    short_text<64> client;     ///< address:port, or "unix"
    short_text<8> tls_version; ///< "TLSv1.3"; empty before the handshake is done
    short_text<40> cipher;
    short_text<128> sni; ///< as the client sent it: not trusted, escaped when it is written
    short_text<32> alpn;
    bool resumed = false;
    short_text<32> backend;
    short_text<64> server;                ///< empty: no connection to a backend
    std::array<std::uint64_t, 2> bytes{}; ///< [direction], plaintext read from the source
    std::array<std::uint64_t, 2> lost{};  ///< [direction]
    ending::cause cause = ending::cause::none;
    ending::cause second = ending::cause::none; ///< none: nothing came after the first
    short_text<96> detail; ///< errno, alert or OpenSSL reason of the first cause; may be empty
    ending::act client_act = ending::act::none;
    ending::act backend_act = ending::act::none;
    ending::outcome outcome = ending::outcome::whole;
    ending::first_end first_end = ending::first_end::client;
    base::microseconds handshake{0};
    base::microseconds connect{0};
    base::microseconds half_closed{0};
    base::microseconds close{0}; ///< first end to both sockets released
    base::microseconds total{0};
};

} // namespace ferrule::session
