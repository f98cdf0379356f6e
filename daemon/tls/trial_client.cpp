#include "tls/trial_client.hpp"

#include <array>
#include <stdexcept>

namespace ferrule::tls {

namespace {

void require(bool went_well, const client& of, const char* what)
{
    if (!went_well)
        throw std::runtime_error(std::string("client of the self-test: ") + what + ": " +
                                 of.detail());
}

} // namespace

// Every cipher, whatever the listener is configured for: it is not this client's place to refuse.
trial_client::trial_client(int version, const std::string& groups)
    : tls_{{.version = version, .server_name = {}, .alpn = {}, .ciphers = "ALL", .groups = groups}}
{
}

void trial_client::take(std::span<const std::byte> ciphertext)
{
    tls_.put_in(ciphertext);
    if (!established_)
        handshake();
    if (established_ && !failed_ && !close_notify_)
        read();
}

void trial_client::handshake()
{
    if (failed_)
        return;
    const handshake_progress progress = tls_.handshake();
    established_ = progress == handshake_progress::done;
    failed_ = progress == handshake_progress::failed;
}

void trial_client::write(std::size_t count)
{
    const std::vector<std::byte> bytes(count, std::byte{'x'});
    require(tls_.write(bytes), tls_, "write");
}

void trial_client::finish()
{
    if (!failed_)
        require(tls_.finish(), tls_, "close_notify");
}

void trial_client::read()
{
    std::array<std::byte, 16384> room;
    for (;;) {
        const read_result got = tls_.read(room);
        bytes_ += got.bytes;
        switch (got.progress) {
        case read_progress::more: continue;
        case read_progress::blocked: return;
        case read_progress::close_notify: close_notify_ = true; return;
        case read_progress::failed: failed_ = true; return;
        }
    }
}

} // namespace ferrule::tls
