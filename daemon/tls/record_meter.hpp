// How far OpenSSL is in the records that it takes from the wire.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

namespace ferrule::tls {

/// Counts ciphertext as it is taken, by the lengths in the records' headers (RFC 8446 5.1). It
/// decrypts nothing and believes nothing: a header that OpenSSL refuses ends the session anyway.
class record_meter {
public:
    void take(std::span<const std::byte> bytes) noexcept
    {
        // As OpenSSL asks for them: first a header, then its body.
        if (taken_ == 0 && bytes.size() >= header_size) {
            size_ = std::to_integer<std::size_t>(bytes[header_size - 2]) * 256 +
                    std::to_integer<std::size_t>(bytes[header_size - 1]);
            taken_ = header_size;
            bytes = bytes.subspan(header_size);
            end_if_whole();
        }
        while (!bytes.empty()) {
            std::size_t count = 1;
            if (taken_ < header_size) {
                if (taken_ >= header_size - 2)
                    size_ = size_ * 256 + std::to_integer<std::size_t>(bytes.front());
            } else {
                count = std::min(bytes.size(), header_size + size_ - taken_);
            }
            taken_ += count;
            bytes = bytes.subspan(count);
            end_if_whole();
        }
    }

    /// Bytes of a record that is not whole yet, its header included; 0 between records.
    std::size_t unfinished() const noexcept { return taken_; }

    /// The size of the last whole record, its header included.
    std::size_t last() const noexcept { return last_; }

private:
    static constexpr std::size_t header_size = 5;

    void end_if_whole() noexcept
    {
        if (taken_ < header_size || taken_ != header_size + size_)
            return;
        last_ = taken_;
        taken_ = size_ = 0;
    }

    std::size_t taken_ = 0;
    std::size_t size_ = 0; ///< of the body, as far as the header has come
    std::size_t last_ = 0;
};

} // namespace ferrule::tls
