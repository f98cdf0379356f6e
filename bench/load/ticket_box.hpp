#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <vector>

namespace load {

struct session_freed {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using session_ptr = std::unique_ptr<SSL_SESSION, session_freed>;

/// Sessions to resume. One of TLS 1.3 is offered once only, as RFC 8446 (C.4) asks and OpenSSL's
/// client insists on; one of TLS 1.2 again and again.
class ticket_box {
public:
    /// Takes over the reference.
    void put(SSL_SESSION* session)
    {
        if (is_for_once(session) && sessions_.size() < most)
            sessions_.emplace_back(session);
        else
            newest_.reset(session);
    }

    /// Null if there is none.
    session_ptr take()
    {
        if (!sessions_.empty()) {
            auto taken = std::move(sessions_.back());
            sessions_.pop_back();
            return taken;
        }
        if (newest_ == nullptr || is_for_once(newest_.get()))
            return std::move(newest_);
        SSL_SESSION_up_ref(newest_.get());
        return session_ptr(newest_.get());
    }

private:
    static bool is_for_once(const SSL_SESSION* session)
    {
        return SSL_SESSION_get_protocol_version(session) == TLS1_3_VERSION;
    }

    static constexpr std::size_t most = 10000;
    std::vector<session_ptr> sessions_;
    session_ptr newest_;
};

} // namespace load
