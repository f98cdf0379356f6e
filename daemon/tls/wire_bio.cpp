#include "tls/wire_bio.hpp"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace ferrule::tls {

namespace {

int wire_write(BIO* bio, const char* bytes, std::size_t count, std::size_t* written)
{
    auto* const end = static_cast<wire_end*>(BIO_get_data(bio));
    const auto* first = reinterpret_cast<const std::byte*>(bytes);
    BIO_clear_retry_flags(bio); // those of the last read would make a failure look like a wait
    try {
        if (!end->is_silent)
            end->shared.out.insert(end->shared.out.end(), first, first + count);
    } catch (const std::bad_alloc&) {
        return 0; // OpenSSL reports it as a failed write
    }
    *written = count;
    return 1;
}

/// A plaintext handshake record, longer than TLS allows: in TLS 1.3 OpenSSL answers its type, in
/// TLS 1.2 its length. Behind a part of a record, bytes that complete it to one that cannot be
/// authentic, or whose header is as wrong.
std::size_t take_nonsense(char* room, std::size_t size, bool is_between_records)
{
    constexpr std::array header{SSL3_RT_HANDSHAKE, 3, 3, 255, 255};
    std::memset(room, 255, size);
    if (is_between_records)
        std::copy_n(header.begin(), std::min(size, header.size()), room);
    return size;
}

int wire_read(BIO* bio, char* room, std::size_t size, std::size_t* taken)
{
    auto* const end = static_cast<wire_end*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (end->from == wire_end::source::nonsense) {
        *taken = take_nonsense(room, size, end->taken.unfinished() == 0);
        return 1;
    }
    std::span<const std::byte>& in = end->shared.in;
    if (in.empty() || end->from == wire_end::source::nothing) {
        BIO_set_retry_read(bio);
        return 0;
    }
    const std::size_t count = std::min(size, in.size());
    std::memcpy(room, in.data(), count);
    end->taken.take(in.first(count));
    in = in.subspan(count);
    *taken = count;
    return 1;
}

long wire_control(BIO*, int command, long, void*)
{
    // BIO_CTRL_EOF stays 0: a wire never ends, only sockets do.
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP ? 1 : 0;
}

BIO_METHOD* make_wire_method()
{
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ferrule wire");
    if (method == nullptr)
        return nullptr;
    BIO_meth_set_write_ex(method, wire_write);
    BIO_meth_set_read_ex(method, wire_read);
    BIO_meth_set_ctrl(method, wire_control);
    return method;
}

/// Made once and kept for the life of the process, as OpenSSL's own methods are.
const BIO_METHOD* wire_method()
{
    static const BIO_METHOD* const method = make_wire_method();
    return method;
}

} // namespace

BIO* make_wire_bio(wire_end& end) noexcept
{
    BIO* bio = wire_method() == nullptr ? nullptr : BIO_new(wire_method());
    if (bio != nullptr) {
        BIO_set_data(bio, &end);
        BIO_set_init(bio, 1);
    }
    return bio;
}

} // namespace ferrule::tls
