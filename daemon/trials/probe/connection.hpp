// One connection of the probe: a socket, a TLS client, and what was seen of them.
//
// It waits in the thread that calls it. FIN, RST, close_notify and alerts are noted as they come,
// and bytes that came before an RST are read before it is.
#pragma once

#include "net/address.hpp"
#include "net/event_set.hpp"
#include "net/socket.hpp"
#include "net/wakeable.hpp"
#include "tls/unverified_client.hpp"
#include "trials/probe/facts.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ferrule::probe {

struct connection_options {
    tls::client_options tls;
    base::milliseconds timeout{5000}; ///< how long silence is waited for
    int receive_buffer = 0;           ///< bytes, for the kernel; 0: as it likes
};

class connection : private net::wakeable {
public:
    /// Notes into `seen`, which outlives it. Opens nothing yet. Throws std::runtime_error and
    /// std::system_error.
    connection(const connection_options& options, observed& seen);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Connects and shakes hands, each within the timeout. False: `seen` says how far and why.
    bool open(const net::address& to);

    /// Encrypts and sends; what the kernel does not take at once goes out while waiting.
    void say(std::string_view text);
    void say_close_notify();

    /// A FIN without a close_notify, behind what was said.
    void say_fin();

    /// Sends ciphertext as it is.
    void send(std::span<const std::byte> ciphertext);

    /// Our close_notify as ciphertext, not sent.
    std::vector<std::byte> make_close_notify();

    /// Waits until `is_over`, until nothing has come for the timeout, or until it has had enough.
    void watch(const std::function<bool()>& is_over);

    /// Waits for one thing to come, at most so long. False if nothing came.
    bool wait_for_more(base::milliseconds at_most);

    /// Waits until an RST shows that the peer has closed its socket, at most so long; for a peer
    /// that has ended.
    void wait_until_gone(base::milliseconds at_most);

    /// FIN or RST was seen: no more will come.
    bool is_over() const noexcept { return seen_.fin.has_value() || seen_.reset.has_value(); }

    /// The kernel holds an RST that a read cannot show any more, since a FIN came before.
    bool is_gone() const noexcept { return socket_.has_failed() || has_failed_to_send_; }

    base::milliseconds now() const;

private:
    void run() override {}
    bool connect(const net::address& to);
    bool shake_hands();
    bool fail(std::string why);
    bool wait_for_events(base::time_point until);
    void flush();
    bool read_some();
    void decrypt(std::span<const std::byte> ciphertext);
    void note_end(net::read_state state);

    connection_options options_;
    observed& seen_;
    net::ready_queue queue_;
    net::event_set events_{queue_};
    net::socket socket_;
    tls::unverified_client tls_;
    base::time_point start_;
    std::vector<std::byte> unsent_;
    std::string first_bytes_; ///< as they came, for a server that does not speak TLS
    bool has_failed_to_send_ = false;
};

} // namespace ferrule::probe
