#include "clients.hpp"

#include <algorithm>

namespace load {
namespace {

constexpr std::size_t record_size = 16 * 1024;
constexpr std::size_t records_for_each_send = 16;
constexpr std::size_t handshake_message = 64;

std::span<const char> message(std::size_t size, wish what)
{
    static std::vector<char> bytes(1024 * 1024, 'm');
    bytes[0] = static_cast<char>(what);
    return {bytes.data(), size};
}

} // namespace

void client::open()
{
    is_ready_ = is_notified_ = is_leaving_ = false;
    const auto ticket = all_.is_resuming ? all_.tickets.take() : nullptr;
    connection_.open(all_.port, ticket.get());
    connection_.shake_hands(); // the ClientHello, which leaves when the connection is there
    if (connection_.failed())
        end(all_.ends.reset);
    else if (all_.context == nullptr) {
        is_ready_ = true;
        ++all_.ready;
        on_ready();
    }
}

void client::say_goodbye()
{
    if (!is_open() || is_leaving_)
        return;
    is_leaving_ = true;
    connection_.say_goodbye();
}

void client::end(std::uint64_t& how)
{
    ++how;
    ++all_.over;
    connection_.close();
    on_over();
}

void client::on_events(std::uint32_t events)
{
    if (!is_open())
        return;
    connection_.begin(events);
    if (!is_ready_) {
        if (!connection_.shake_hands()) {
            if (connection_.failed())
                end(all_.ends.bad);
            return;
        }
        is_ready_ = true;
        ++all_.ready;
        all_.resumed += connection_.was_resumed() ? 1 : 0;
        on_ready();
    } else if ((events & EPOLLOUT) != 0 && !connection_.is_blocked()) {
        on_writable();
    }
    read_all();
}

void client::read_all()
{
    static std::vector<char> buffer(256 * 1024);
    const auto session = all_.over;
    while (is_open()) {
        const auto [what, count] = connection_.read(buffer);
        if (what == status::data)
            on_data({buffer.data(), count});
        else
            on_status(what);
        if (what != status::data && what != status::notified)
            break;
        if (all_.over != session)
            return;
    }
}

void client::on_status(status what)
{
    switch (what) {
    case status::data:
    case status::blocked: return;
    case status::notified:
        is_notified_ = true;
        say_goodbye();
        connection_.finish();
        return;
    case status::ended:
        return end(is_notified_ || all_.context == nullptr ? all_.ends.clean : all_.ends.bare);
    case status::reset: return end(all_.ends.reset);
    case status::failed: return end(all_.ends.bad);
    }
}

void handshake_client::on_ready()
{
    missing_ = handshake_message;
    connection_.write(message(handshake_message, wish::echo));
    connection_.flush();
}

void handshake_client::on_data(std::span<const char> bytes)
{
    if (bytes.size() > missing_ || missing_ == 0) {
        ++all_.ends.bad;
        return;
    }
    missing_ -= bytes.size();
    if (missing_ == 0)
        say_goodbye();
}

void handshake_client::on_over()
{
    if (missing_ != 0)
        ++all_.ends.bad;
    if (all_.is_running)
        open();
}

void message_client::send_message()
{
    missing_ = all_.message_size;
    since_ = now();
    connection_.write(message(missing_, wish::echo));
    connection_.flush();
}

void message_client::on_data(std::span<const char> bytes)
{
    if (bytes.size() > missing_) {
        ++all_.ends.bad;
        return;
    }
    missing_ -= bytes.size();
    if (missing_ != 0)
        return;
    ++all_.messages;
    if (!all_.is_running)
        return;
    all_.latencies.push_back(static_cast<float>((now() - since_) * 1e6));
    send_message();
}

void asking_client::on_ready()
{
    connection_.write(message(1, wish_));
    connection_.flush();
}

void upload_client::on_ready()
{
    connection_.write(message(1, wish::upload));
    connection_.flush();
    all_.sent += 1;
}

void upload_client::upload()
{
    while (is_open() && all_.is_running && !connection_.is_blocked() && !connection_.failed()) {
        for (std::size_t each = 0; each < records_for_each_send; ++each)
            connection_.write(message(record_size, wish::upload));
        connection_.flush();
        all_.sent += record_size * records_for_each_send;
    }
}

} // namespace load
