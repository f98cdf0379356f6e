// Sets of options that OpenSSL takes, and with which nobody could shake hands.

#include "tls/good_options.hpp"

#include <gtest/gtest.h>

#include <openssl/err.h>

namespace {

using ferrule::test::make_certificate;
using ferrule::test::options_with;
using ferrule::test::some_day;
using ferrule::tls::context_options;
using ferrule::tls::problem;
using about = problem::about;

using lines = std::vector<std::string>;

lines found_in(const context_options& options)
{
    lines found;
    for (const problem& each : inspect(options, some_day)) {
        found.push_back(std::to_string(static_cast<int>(each.which)) + " " + each.message);
        EXPECT_FALSE(each.is_warning);
        EXPECT_FALSE(each.fix.empty());
    }
    EXPECT_EQ(0UL, ERR_peek_error()) << "an error was left behind";
    return found;
}

context_options in_version(context_options options, int version)
{
    options.min_version = version;
    options.max_version = version;
    return options;
}

constexpr int tls_1_2 = 0x0303;
constexpr int tls_1_3 = 0x0304;

TEST(trial_handshake, refuses_a_key_that_no_client_takes_in_any_version)
{
    EXPECT_EQ((lines{"0 serves no client in TLS 1.2: none of the ciphers goes with its key (EC, "
                     "secp256k1)",
                     "0 serves no client in TLS 1.3: clients take no signature of its key (EC, "
                     "secp256k1)"}),
              found_in(options_with(make_certificate({.curve = "secp256k1"}))));
}

TEST(trial_handshake, refuses_a_certificate_that_no_cipher_goes_with)
{
    auto options = options_with(make_certificate({}));
    options.ciphers = "ECDHE-RSA-AES128-GCM-SHA256";
    EXPECT_EQ((lines{"0 serves no client in TLS 1.2: none of the ciphers goes with its key (EC, "
                     "prime256v1)"}),
              found_in(options));
    EXPECT_EQ(lines{}, found_in(in_version(options, tls_1_3)));

    options = options_with(make_certificate({.rsa_bits = 2048}));
    options.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
    EXPECT_EQ((lines{"0 serves no client in TLS 1.2: none of the ciphers goes with its key (RSA, "
                     "2048 bits)"}),
              found_in(options));
}

TEST(trial_handshake, refuses_groups_that_a_version_does_not_have)
{
    auto options = options_with(make_certificate({}));
    options.groups = "brainpoolP256r1";
    EXPECT_EQ((lines{"4 serve no client in TLS 1.3: none is a group of this version"}),
              found_in(options));
    EXPECT_EQ(lines{}, found_in(in_version(options, tls_1_2)));
}

TEST(trial_handshake, takes_every_key_that_some_client_takes)
{
    for (const char* const curve : {"P-256", "P-384", "P-521"})
        EXPECT_EQ(lines{}, found_in(options_with(make_certificate({.curve = curve})))) << curve;
    EXPECT_EQ(lines{}, found_in(options_with(make_certificate({.rsa_bits = 2048}))));
    // Whoever configures this curve has clients that know it.
    auto options = options_with(make_certificate({.curve = "secp256k1"}));
    options.groups = "secp256k1:P-256";
    EXPECT_EQ(lines{}, found_in(in_version(options, tls_1_2)));
}

TEST(trial_handshake, takes_one_group_of_every_usual_kind)
{
    for (const char* const group : {"X25519", "P-256", "P-521", "X448", "ffdhe2048"}) {
        auto options = in_version(options_with(make_certificate({})), tls_1_3);
        options.groups = group;
        EXPECT_EQ(lines{}, found_in(options)) << group;
    }
}

} // namespace
