#include "simulation/far_side.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace ferrule::simulation {

void far_side::send(std::string_view bytes)
{
    if (!can_send())
        return;
    outbox_ += bytes;
    given_ += bytes.size();
    write();
}

void far_side::finish()
{
    fin_due_ = fin_due_ || can_send();
    write();
}

void far_side::reset()
{
    if (!is_open_)
        return;
    is_open_ = false;
    did_reset_ = true;
    kernel_->reset(descriptor_);
}

void far_side::close()
{
    if (!is_open_)
        return;
    is_open_ = false;
    did_reset_ = true; // sooner or later: it takes nothing any more
    kernel_->close(descriptor_);
    fin_sent_ = fin_sent_ || !kernel_->at(descriptor_).reset_was_sent;
}

void far_side::vanish()
{
    has_vanished_ = true;
    kernel_->vanish(descriptor_);
}

std::string far_side::pump()
{
    std::string came;
    if (!is_open_)
        return came;
    // A failed write takes the error away, so what there is to see is seen first.
    read(came);
    write();
    return came;
}

void far_side::write()
{
    while (is_open_ && !outbox_.empty() && !write_failed_) {
        const std::ptrdiff_t count =
            kernel_->send(descriptor_, std::as_bytes(std::span{outbox_.data(), outbox_.size()}));
        if (count == -EAGAIN)
            return;
        if (count < 0) {
            outbox_.clear();
            write_failed_ = true;
            return;
        }
        outbox_.erase(0, static_cast<std::size_t>(count));
    }
    if (is_open_ && fin_due_ && !fin_sent_ && !write_failed_) {
        fin_sent_ = kernel_->finish(descriptor_) == 0;
        fin_due_ = fin_sent_;
    }
}

void far_side::read(std::string& into)
{
    static std::array<std::byte, 65536> room;
    while (appetite_ > 0 && !saw_end()) {
        const std::size_t wanted = std::min(room.size(), appetite_);
        const std::ptrdiff_t count = kernel_->receive(descriptor_, std::span{room}.first(wanted));
        if (count == -EAGAIN)
            break;
        if (count < 0)
            saw_reset_ = true;
        else if (count == 0)
            (write_failed_ ? saw_reset_ : saw_fin_) = true;
        else
            into.append(reinterpret_cast<const char*>(room.data()),
                        static_cast<std::size_t>(count));
        if (count > 0 && appetite_ != everything)
            appetite_ -= static_cast<std::size_t>(count);
    }
    if (saw_fin_ && kernel_->at(descriptor_).reset_arrived)
        saw_reset_ = true; // behind a FIN, reading reports no reset any more
}

void backend::send(std::size_t count)
{
    if (!tcp_.can_send())
        return;
    std::string bytes(count, '\0');
    for (char& each : bytes)
        each = byte_at(sent_++, 1);
    tcp_.send(bytes);
}

void backend::pump()
{
    for (const char each : tcp_.pump())
        is_spoiled_ = byte_at(received_++, 0) != each || is_spoiled_;
}

} // namespace ferrule::simulation
