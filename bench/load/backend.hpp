#pragma once

#include "loop.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace load {

/// What a connection's first byte asks of the backend.
enum class wish : char {
    echo = 'E',
    download = 'D', ///< bytes without end, once `start_downloads` was called
    upload = 'U',   ///< reads and forgets
    hold = 'H',     ///< nothing
};

class backend_connection;

/// The plaintext server behind the proxy.
class backend : public handler {
public:
    /// Listens on 127.0.0.1. `with_priority`: echoes go before downloads.
    backend(loop& events, std::uint16_t port, bool with_priority);
    ~backend() override;

    void on_events(std::uint32_t events) override;

    void start_downloads();
    void stop_downloads();
    /// A FIN on every connection at once.
    void finish_all();

    /// Connections whose first byte has come, all in all.
    std::size_t asked() const { return asked_; }
    std::uint64_t sent() const { return sent_; }
    std::uint64_t received() const { return received_; }
    std::size_t ended() const { return ended_; }
    std::size_t reset() const { return reset_; }
    std::size_t open() const { return connections_.size() - free_.size(); }

private:
    friend class backend_connection;

    loop& events_;
    bool with_priority_;
    int socket_;
    bool are_downloads_running_ = false;
    std::vector<std::unique_ptr<backend_connection>> connections_;
    std::vector<backend_connection*> free_;
    std::size_t asked_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t received_ = 0;
    std::size_t ended_ = 0;
    std::size_t reset_ = 0;
};

} // namespace load
