#include "simulation/client_kit.hpp"

#include <openssl/err.h>

#include <stdexcept>

namespace ferrule::simulation {

namespace {

struct context_free {
    void operator()(SSL_CTX* what) const { SSL_CTX_free(what); }
};
struct session_free {
    void operator()(SSL_SESSION* what) const { SSL_SESSION_free(what); }
};

/// One client context for each version, and a ticket that every resuming session uses.
struct client_kit {
    std::unique_ptr<SSL_CTX, context_free> context;
    std::unique_ptr<SSL_SESSION, session_free> ticket;

    client_kit(int version, SSL_CTX_keylog_cb_func keep_secret)
        : context{SSL_CTX_new(TLS_client_method())}
    {
        SSL_CTX_set_keylog_callback(context.get(), keep_secret);
        SSL_CTX_set_min_proto_version(context.get(), version);
        SSL_CTX_set_max_proto_version(context.get(), version);
        SSL_CTX_set1_groups_list(context.get(), "X25519");
        SSL_CTX_set_session_cache_mode(context.get(),
                                       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
        SSL_CTX_set_ex_data(context.get(), 0, this);
        SSL_CTX_sess_set_new_cb(context.get(), [](SSL* who, SSL_SESSION* made) {
            auto* kit = static_cast<client_kit*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(who), 0));
            if (kit->ticket == nullptr)
                kit->ticket.reset(SSL_SESSION_dup(made));
            return 0;
        });
        get_ticket();
    }

    /// A handshake in memory.
    void get_ticket()
    {
        std::unique_ptr<SSL, decltype(&SSL_free)> near{SSL_new(context.get()), &SSL_free};
        std::unique_ptr<SSL, decltype(&SSL_free)> far{SSL_new(server_context()->native()),
                                                      &SSL_free};
        BIO* one = nullptr;
        BIO* other = nullptr;
        BIO_new_bio_pair(&one, 0, &other, 0);
        SSL_set_bio(near.get(), one, one);
        SSL_set_bio(far.get(), other, other);
        SSL_set_connect_state(near.get());
        SSL_set_accept_state(far.get());
        char room = 0;
        for (int i = 0; i < 10; ++i) {
            SSL_do_handshake(near.get());
            SSL_do_handshake(far.get());
            SSL_read(near.get(), &room, 1);
        }
        ERR_clear_error();
        if (ticket == nullptr)
            throw std::runtime_error("the simulation's client gets no ticket");
    }
};

const client_kit& kit_of(int version, SSL_CTX_keylog_cb_func keep_secret)
{
    static const client_kit tls12{TLS1_2_VERSION, keep_secret};
    static const client_kit tls13{TLS1_3_VERSION, keep_secret};
    return version == TLS1_2_VERSION ? tls12 : tls13;
}

} // namespace

SSL_CTX* client_context(int version, SSL_CTX_keylog_cb_func keep_secret)
{
    return kit_of(version, keep_secret).context.get();
}

SSL_SESSION* copied_ticket(int version)
{
    return SSL_SESSION_dup(kit_of(version, nullptr).ticket.get());
}

} // namespace ferrule::simulation
