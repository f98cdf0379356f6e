#include "tls/self_signed.hpp"

#include "tls/context.hpp"
#include "tls/conversation.hpp"

#include <gtest/gtest.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace {

using ferrule::test::conversation;
using ferrule::test::freed_by;
using ferrule::tls::context_options;
using ferrule::tls::key_pair;
using ferrule::tls::make_self_signed;

using certificate_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free>>;

context_options options_with(const key_pair& pair)
{
    context_options options;
    options.certificate_pem = pair.certificate_pem;
    options.key_pem = pair.key_pem;
    return options;
}

certificate_ptr parsed(const key_pair& pair)
{
    const bio_ptr text(BIO_new_mem_buf(pair.certificate_pem.data(), -1));
    return certificate_ptr(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
}

TEST(tls_self_signed, is_a_set_that_inspection_finds_good)
{
    EXPECT_TRUE(inspect(options_with(make_self_signed(30))).empty());
}

TEST(tls_self_signed, is_valid_for_the_days_that_were_asked_for)
{
    const certificate_ptr certificate = parsed(make_self_signed(30));
    int days = 0;
    int seconds = 0;
    ASSERT_EQ(1, ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(certificate.get()),
                                X509_get0_notAfter(certificate.get())));
    // From an hour ago; a second may pass between the two.
    EXPECT_EQ(30, days);
    EXPECT_NEAR(3600, seconds, 2);
    EXPECT_LT(X509_cmp_current_time(X509_get0_notBefore(certificate.get())), 0);
}

TEST(tls_self_signed, is_for_localhost_by_name_and_by_address)
{
    const auto pair = make_self_signed(1);
    EXPECT_EQ("CN=localhost", ferrule::tls::summary_of(pair.certificate_pem).subject);
    const certificate_ptr certificate = parsed(pair);
    ASSERT_TRUE(certificate);
    EXPECT_EQ(1, X509_check_host(certificate.get(), "localhost", 0, 0, nullptr));
    EXPECT_EQ(1, X509_check_ip_asc(certificate.get(), "127.0.0.1", 0));
    EXPECT_EQ(1, X509_check_ip_asc(certificate.get(), "::1", 0));
    EXPECT_EQ(0, X509_check_host(certificate.get(), "example.com", 0, 0, nullptr));
    EXPECT_EQ(0, X509_check_ca(certificate.get()));
}

TEST(tls_self_signed, never_repeats_a_serial_or_a_key)
{
    const auto one = make_self_signed(1);
    const auto two = make_self_signed(1);
    const auto serial = ferrule::tls::summary_of(one.certificate_pem).serial;
    EXPECT_EQ(32U, serial.size()) << serial;
    EXPECT_NE(serial, ferrule::tls::summary_of(two.certificate_pem).serial);
    EXPECT_NE(one.key_pem, two.key_pem);
}

TEST(tls_self_signed, satisfies_a_client_that_trusts_it)
{
    const auto pair = make_self_signed(1);
    const ferrule::tls::context server(options_with(pair));
    const auto client = ferrule::test::make_client();
    X509_STORE_add_cert(SSL_CTX_get_cert_store(client.get()), parsed(pair).get());
    SSL_CTX_set_verify(client.get(), SSL_VERIFY_PEER, nullptr);
    conversation talk(client.get(), server.native());
    SSL_set1_host(talk.client(), "localhost");
    EXPECT_TRUE(talk.shake_hands());
    EXPECT_EQ(X509_V_OK, SSL_get_verify_result(talk.client()));

    conversation elsewhere(client.get(), server.native());
    SSL_set1_host(elsewhere.client(), "example.com");
    EXPECT_FALSE(elsewhere.shake_hands());
}

} // namespace
