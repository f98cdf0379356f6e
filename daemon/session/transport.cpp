#include "session/transport.hpp"

#include <new>

namespace ferrule::session {

namespace {

/// The one place where the kinds are told apart.
template <class kinds, class verb>
decltype(auto) on(kinds& kind, verb&& what)
{
    if (auto* const tls = std::get_if<std::unique_ptr<tls_transport>>(&kind))
        return what(**tls);
    return what(*std::get_if<plain_transport>(&kind));
}

} // namespace

transport::transport(surroundings& around) noexcept
    : kind_{std::in_place_type<plain_transport>, around}
{
}

transport::transport(SSL_CTX* context, surroundings& around) noexcept
    : kind_{std::in_place_type<secured>, new (std::nothrow) tls_transport{context, around}}
{
}

bool transport::is_usable() const noexcept
{
    return std::holds_alternative<plain_transport>(kind_) ||
           (tls() != nullptr && tls()->channel().is_usable());
}

taken transport::read(net::socket& from, std::size_t budget)
{
    return on(kind_, [&](auto& it) { return it.read(from, budget); });
}

spelled transport::write(std::span<const std::byte> bytes) noexcept
{
    return on(kind_, [&](auto& it) { return it.write(bytes); });
}

spelled transport::goodbye() noexcept
{
    return on(kind_, [](auto& it) { return it.goodbye(); });
}

std::span<const std::byte> transport::answers() noexcept
{
    return on(kind_, [](auto& it) { return it.answers(); });
}

std::span<const std::byte> transport::last_words() noexcept
{
    return on(kind_, [](auto& it) { return it.last_words(); });
}

bool transport::was_alerted() const noexcept
{
    return on(kind_, [](const auto& it) { return it.was_alerted(); });
}

bool transport::is_amid_record() const noexcept
{
    return on(kind_, [](const auto& it) { return it.is_amid_record(); });
}

std::uint64_t transport::undecrypted() const noexcept
{
    return on(kind_, [](const auto& it) { return it.undecrypted(); });
}

std::uint64_t transport::control_bytes() const noexcept
{
    return on(kind_, [](const auto& it) { return it.control_bytes(); });
}

shortfall transport::missing(const waiting_bytes& waiting) const noexcept
{
    return on(kind_, [&](const auto& it) { return it.missing(waiting); });
}

void transport::forget_what_waits() noexcept
{
    on(kind_, [](auto& it) { it.forget_what_waits(); });
}

} // namespace ferrule::session
