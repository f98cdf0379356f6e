// The TLS client of the simulation: OpenSSL in memory, on a far side of the simulated kernel.
#pragma once

#include "simulation/far_side.hpp"
#include "tls/context.hpp"

#include <openssl/ssl.h>

#include <memory>
#include <utility>
#include <vector>

namespace ferrule::simulation {

/// Makes everything that OpenSSL calls random follow from `seed`, so that a run is repeated to the
/// byte. For this program only: nothing of it is secret.
void seed_openssl(std::uint64_t seed);

/// The listener's context, with a certificate that is the same in each run.
std::shared_ptr<tls::context> server_context();

class client {
public:
    /// Makes the context for this version, and the ticket that sessions resume with. First of all.
    static void prepare(int version);

    client(kernel& of, int descriptor, int version, bool resumes);

    /// ClientHello. `greeting` bytes of data go out together with the end of the handshake;
    /// `leaves`: so do close_notify and FIN.
    void begin(std::size_t greeting, bool leaves);
    void send_garbage();
    void send(std::size_t count);
    void say_goodbye();
    void send_spoiled_record();
    void send_half_a_record();
    /// Half a handshake message, and nothing behind it or close_notify (TLS 1.3, before any
    /// KeyUpdate of ours).
    void break_off(bool with_close_notify);
    void update_key();
    void pump();

    far_side& tcp() { return tcp_; }
    const far_side& tcp() const { return tcp_; }
    bool is_established() const { return is_established_; }
    std::uint64_t sent() const { return sent_; } ///< application bytes, before any goodbye
    std::uint64_t received() const { return received_; }
    bool is_spoiled() const { return is_spoiled_; }
    bool said_goodbye() const { return goodbye_at_ != nowhere; }
    bool saw_close_notify() const { return saw_close_notify_; }
    bool saw_bytes_behind_close_notify() const { return saw_bytes_behind_close_notify_; }
    bool saw_alert() const { return saw_alert_; }
    bool has_failed() const { return has_failed_; }
    bool has_begun() const { return has_begun_; }
    bool updated_key() const { return updated_key_; }

    /// Places in the stream of ciphertext behind which the proxy must know.
    static constexpr std::uint64_t nowhere = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t goodbye_at() const { return goodbye_at_; }
    std::uint64_t spoiled_at() const { return spoiled_at_; }
    std::uint64_t begun_at() const { return begun_at_; } ///< a message that is never whole
    /// Whether the last byte of a piece of data stands between these two.
    bool has_sent_data(std::uint64_t from, std::uint64_t to) const;

private:
    struct ssl_free {
        void operator()(SSL* what) const { SSL_free(what); }
    };

    static void note(const SSL* who, int what, int value);
    static void keep_secret(const SSL* who, const char* line);
    bool may_write() const;
    bool write(std::size_t count);
    void note_data(std::size_t count);
    void shut_down();
    std::string from_openssl();
    void flush();
    void go_on();
    void read();

    far_side tcp_;
    std::unique_ptr<SSL, ssl_free> ssl_;
    BIO* to_client_;
    BIO* to_server_;
    std::vector<std::byte> secret_; ///< of its records, in TLS 1.3
    std::uint64_t records_ = 0;     ///< written since the handshake
    std::size_t greeting_ = 0;
    bool leaves_ = false;
    std::uint64_t sent_ = 0;
    std::vector<std::uint64_t> data_ends_; ///< places in the stream of ciphertext
    std::uint64_t received_ = 0;
    std::uint64_t goodbye_at_ = nowhere;
    std::uint64_t spoiled_at_ = nowhere;
    std::uint64_t begun_at_ = nowhere;
    bool has_begun_ = false;
    bool is_established_ = false;
    bool is_cut_short_ = false; ///< half a record is out: nothing can follow it
    bool is_spoiled_ = false;
    bool saw_close_notify_ = false;
    bool saw_bytes_behind_close_notify_ = false;
    bool saw_alert_ = false;
    bool has_failed_ = false;
    bool updated_key_ = false;
};

} // namespace ferrule::simulation
