#include "tls/context.hpp"

#include "tls/conversation.hpp"
#include "tls/good_options.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace {

using ferrule::test::conversation;
using ferrule::test::good_options;
using ferrule::test::make_client;
using ferrule::tls::context;

constexpr int fatal = SSL3_AL_FATAL << 8;
constexpr int warning = SSL3_AL_WARNING << 8;

const std::string alpn_h2_http11 = "\x02h2\x08http/1.1";

void offer(SSL* client, const std::string& wire)
{
    SSL_set_alpn_protos(client, reinterpret_cast<const unsigned char*>(wire.data()),
                        static_cast<unsigned int>(wire.size()));
}

std::string protocol_of(const SSL* ssl)
{
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl, &name, &size);
    return {reinterpret_cast<const char*>(name), size};
}

TEST(tls_context, speaks_the_highest_version_that_both_sides_allow)
{
    const context server(good_options());
    const auto modern = make_client();
    conversation on_13(modern.get(), server.native());
    ASSERT_TRUE(on_13.shake_hands());
    EXPECT_STREQ("TLSv1.3", SSL_get_version(on_13.server()));

    const auto old = make_client(TLS1_VERSION, TLS1_2_VERSION);
    conversation on_12(old.get(), server.native());
    ASSERT_TRUE(on_12.shake_hands());
    EXPECT_STREQ("TLSv1.2", SSL_get_version(on_12.server()));
}

TEST(tls_context, refuses_versions_outside_its_bounds)
{
    auto options = good_options();
    options.min_version = TLS1_3_VERSION;
    const context only_13(options);
    const auto old = make_client(TLS1_2_VERSION, TLS1_2_VERSION);
    conversation refused(old.get(), only_13.native());
    EXPECT_FALSE(refused.shake_hands());
    EXPECT_EQ(fatal | SSL_AD_PROTOCOL_VERSION, refused.alert_to_client);

    options.min_version = TLS1_2_VERSION;
    options.max_version = TLS1_2_VERSION;
    const context only_12(options);
    const auto modern = make_client(TLS1_3_VERSION, TLS1_3_VERSION);
    conversation also_refused(modern.get(), only_12.native());
    EXPECT_FALSE(also_refused.shake_hands());
}

TEST(tls_context, chooses_the_tls_1_2_cipher_by_its_own_order)
{
    auto options = good_options();
    options.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256";
    const context server(options);
    const auto client = make_client(TLS1_2_VERSION, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(client.get(),
                            "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384");
    conversation talk(client.get(), server.native());
    ASSERT_TRUE(talk.shake_hands());
    EXPECT_STREQ("ECDHE-ECDSA-AES256-GCM-SHA384", SSL_get_cipher_name(talk.server()));
}

TEST(tls_context, chooses_the_tls_1_3_suite_by_its_own_order)
{
    auto options = good_options();
    options.suites = "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
    const context server(options);
    const auto client = make_client();
    SSL_CTX_set_ciphersuites(client.get(), "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256");
    conversation talk(client.get(), server.native());
    ASSERT_TRUE(talk.shake_hands());
    EXPECT_STREQ("TLS_CHACHA20_POLY1305_SHA256", SSL_get_cipher_name(talk.server()));
}

TEST(tls_context, agrees_only_on_groups_of_its_list)
{
    auto options = good_options();
    options.groups = "P-384";
    const context server(options);
    const auto client = make_client();
    SSL_CTX_set1_groups_list(client.get(), "X25519:P-384");
    conversation talk(client.get(), server.native());
    ASSERT_TRUE(talk.shake_hands());
    EXPECT_EQ(NID_secp384r1, SSL_get_negotiated_group(talk.server()));

    SSL_CTX_set1_groups_list(client.get(), "X25519");
    conversation refused(client.get(), server.native());
    EXPECT_FALSE(refused.shake_hands());
    EXPECT_EQ(fatal | SSL_AD_HANDSHAKE_FAILURE, refused.alert_to_client);
}

TEST(tls_context, sends_the_whole_chain)
{
    const auto authority = ferrule::test::make_certificate({.name = "authority"});
    const auto leaf = ferrule::test::make_certificate({.issuer = &authority});
    auto options = good_options();
    options.certificate_pem = leaf.certificate_pem + authority.certificate_pem;
    options.key_pem = leaf.key_pem;
    const context server(options);
    const auto client = make_client();
    conversation talk(client.get(), server.native());
    ASSERT_TRUE(talk.shake_hands());
    EXPECT_EQ(2, sk_X509_num(SSL_get_peer_cert_chain(talk.client())));
}

TEST(tls_context, selects_the_first_of_its_own_protocols_that_the_client_offers)
{
    auto options = good_options();
    options.alpn = {"spdy", "http/1.1", "h2"};
    const context server(options);
    const auto client = make_client();
    conversation talk(client.get(), server.native());
    offer(talk.client(), alpn_h2_http11);
    ASSERT_TRUE(talk.shake_hands());
    EXPECT_EQ("http/1.1", protocol_of(talk.client()));
    EXPECT_EQ("http/1.1", protocol_of(talk.server()));
}

TEST(tls_context, lets_a_client_without_alpn_in)
{
    auto options = good_options();
    options.alpn = {"h2"};
    const context server(options);
    const auto client = make_client();
    conversation talk(client.get(), server.native());
    ASSERT_TRUE(talk.shake_hands());
    EXPECT_EQ("", protocol_of(talk.server()));
}

TEST(tls_context, refuses_a_client_that_offers_none_of_its_protocols)
{
    auto options = good_options();
    options.alpn = {"imap"};
    const context server(options);
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto client = make_client(version, version);
        conversation talk(client.get(), server.native());
        offer(talk.client(), alpn_h2_http11);
        EXPECT_FALSE(talk.shake_hands());
        EXPECT_EQ(fatal | SSL_AD_NO_APPLICATION_PROTOCOL, talk.alert_to_client);
    }
}

TEST(tls_context, ignores_alpn_if_it_has_no_protocols)
{
    const context server(good_options());
    const auto client = make_client();
    conversation talk(client.get(), server.native());
    offer(talk.client(), alpn_h2_http11);
    ASSERT_TRUE(talk.shake_hands());
    EXPECT_EQ("", protocol_of(talk.client()));
}

TEST(tls_context, may_go_while_a_handshake_that_it_began_is_under_way)
{
    auto options = good_options();
    options.alpn = {"h2"};
    std::optional<context> server(std::in_place, options);
    const auto client = make_client();
    conversation talk(client.get(), server->native());
    offer(talk.client(), alpn_h2_http11);
    server.reset();
    ASSERT_TRUE(talk.shake_hands());
    EXPECT_EQ("h2", protocol_of(talk.client()));
}

TEST(tls_context, refuses_protocol_names_that_do_not_fit_the_wire)
{
    auto options = good_options();
    options.alpn = {""};
    EXPECT_THROW(context{options}, std::runtime_error);
    options.alpn = {std::string(256, 'a')};
    EXPECT_THROW(context{options}, std::runtime_error);
}

TEST(tls_context, refuses_a_renegotiation_and_goes_on)
{
    const context server(good_options());
    const auto client = make_client(TLS1_2_VERSION, TLS1_2_VERSION);
    conversation talk(client.get(), server.native());
    ASSERT_TRUE(talk.shake_hands());
    ASSERT_EQ(1, SSL_renegotiate(talk.client()));
    SSL_do_handshake(talk.client());
    ASSERT_LT(0U, BIO_ctrl_pending(SSL_get_rbio(talk.server()))) << "no ClientHello was sent";

    EXPECT_EQ("", talk.read(talk.server()));
    EXPECT_EQ(SSL_ERROR_WANT_READ, talk.last_error);
    EXPECT_EQ(warning | SSL_AD_NO_RENEGOTIATION, talk.alert_to_client);
    EXPECT_TRUE(conversation::write(talk.server(), "still here"));
}

TEST(tls_context, waits_for_data_behind_a_key_update)
{
    const context server(good_options());
    const auto client = make_client();
    conversation talk(client.get(), server.native());
    ASSERT_TRUE(talk.shake_hands());
    ASSERT_EQ(1, SSL_key_update(talk.client(), SSL_KEY_UPDATE_REQUESTED));
    ASSERT_EQ(1, SSL_do_handshake(talk.client()));
    EXPECT_EQ("", talk.read(talk.server()));
    EXPECT_EQ(SSL_ERROR_WANT_READ, talk.last_error);
    ASSERT_TRUE(conversation::write(talk.client(), "after it"));
    EXPECT_EQ("after it", talk.read(talk.server()));
}

TEST(tls_context, takes_an_end_without_close_notify_for_an_error)
{
    const context server(good_options());
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto client = make_client(version, version);
        conversation talk(client.get(), server.native());
        ASSERT_TRUE(talk.shake_hands());
        BIO_set_mem_eof_return(SSL_get_rbio(talk.server()), 0);
        EXPECT_EQ("", talk.read(talk.server()));
        EXPECT_EQ(SSL_ERROR_SSL, talk.last_error);
        EXPECT_EQ(SSL_R_UNEXPECTED_EOF_WHILE_READING, ERR_GET_REASON(ERR_get_error()));
    }
}

TEST(tls_context, says_what_is_wrong_and_leaves_no_error_behind)
{
    auto options = good_options();
    options.key_pem = ferrule::test::make_certificate({}).key_pem;
    options.groups = "FOO";
    try {
        const context server(options);
        FAIL() << "a key that does not match was taken";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ("key: does not match the certificate", error.what());
    }
    EXPECT_EQ(0UL, ERR_peek_error());
}

} // namespace
