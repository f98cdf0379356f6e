#include "tls/context.hpp"
#include "tls/good_options.hpp"

#include <gtest/gtest.h>

#include <openssl/err.h>

namespace {

using ferrule::test::good_certificate;
using ferrule::test::good_options;
using ferrule::test::make_certificate;
using ferrule::test::one_day;
using ferrule::test::options_with;
using ferrule::test::some_day;
using ferrule::tls::context_options;
using ferrule::tls::problem;

/// One line for each problem: "ciphers: 'FOO' is not known to this OpenSSL".
std::vector<std::string> found_in(const context_options& options)
{
    static constexpr const char* const names[] = {"certificate", "key",    "ciphers",
                                                  "suites",      "groups", "versions"};
    std::vector<std::string> lines;
    for (const problem& found : inspect(options, some_day)) {
        lines.push_back(std::string(names[static_cast<int>(found.which)]) +
                        (found.is_warning ? " warning: " : ": ") + found.message);
    }
    EXPECT_EQ(0UL, ERR_peek_error()) << "an error was left behind";
    return lines;
}

using lines = std::vector<std::string>;

/// The good key, in PKCS #8 or in the older format whose header says "ENCRYPTED".
std::string encrypted_key(bool traditional, std::string passphrase)
{
    const auto write =
        traditional ? PEM_write_bio_PrivateKey_traditional : PEM_write_bio_PrivateKey;
    return ferrule::test::pem_text([&](BIO* out) {
        return write(out, good_certificate().key.get(), EVP_aes_128_cbc(),
                     reinterpret_cast<unsigned char*>(passphrase.data()),
                     static_cast<int>(passphrase.size()), nullptr, nullptr);
    });
}

TEST(tls_inspect, is_silent_about_a_good_set)
{
    auto options = good_options();
    options.ciphers = "ECDHE+AESGCM:ECDHE-ECDSA-CHACHA20-POLY1305:!aNULL:!RC4:-EXPORT:+AES128:"
                      "@STRENGTH";
    options.suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384";
    options.groups = "X25519:P-256:P-384";
    EXPECT_EQ(lines{}, found_in(options));
}

TEST(tls_inspect, is_silent_about_a_good_chain_with_an_rsa_key)
{
    const auto root = make_certificate({.name = "root"});
    const auto middle = make_certificate({.name = "middle", .issuer = &root});
    auto options = options_with(make_certificate({.rsa_bits = 2048, .issuer = &middle}));
    options.certificate_pem += middle.certificate_pem + root.certificate_pem;
    EXPECT_EQ(lines{}, found_in(options));
}

TEST(tls_inspect, takes_certificate_and_key_from_one_text)
{
    context_options options;
    options.certificate_pem = good_certificate().key_pem + good_certificate().certificate_pem;
    options.key_pem = options.certificate_pem;
    EXPECT_EQ(lines{}, found_in(options));
}

TEST(tls_inspect, refuses_what_is_not_pem)
{
    EXPECT_EQ((lines{"certificate: is not PEM", "key: is not PEM"}), found_in({}));
    context_options options;
    options.certificate_pem = "0\x82\x01\x02";
    options.key_pem = "secret";
    EXPECT_EQ((lines{"certificate: is not PEM", "key: is not PEM"}), found_in(options));
}

TEST(tls_inspect, refuses_files_that_were_mixed_up)
{
    context_options options;
    options.certificate_pem = good_certificate().key_pem;
    options.key_pem = good_certificate().certificate_pem;
    EXPECT_EQ((lines{"certificate: holds no certificate", "key: holds no private key"}),
              found_in(options));
}

TEST(tls_inspect, names_the_certificate_that_cannot_be_read)
{
    auto options = good_options();
    options.certificate_pem += "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    const auto found = found_in(options);
    ASSERT_EQ(1U, found.size());
    EXPECT_TRUE(found[0].starts_with("certificate: certificate 2 cannot be read: ")) << found[0];

    options.certificate_pem = good_certificate().certificate_pem.substr(0, 100);
    const auto cut = found_in(options);
    ASSERT_EQ(1U, cut.size());
    EXPECT_TRUE(cut[0].starts_with("certificate: certificate 1 cannot be read: ")) << cut[0];
}

TEST(tls_inspect, refuses_a_key_that_cannot_be_read)
{
    auto options = good_options();
    options.key_pem = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";
    const auto found = found_in(options);
    ASSERT_EQ(1U, found.size());
    EXPECT_TRUE(found[0].starts_with("key: cannot be read: ")) << found[0];
}

TEST(tls_inspect, refuses_an_encrypted_key_without_asking)
{
    for (const bool traditional : {false, true}) {
        for (const char* const passphrase : {"secret", ""}) {
            auto options = good_options();
            options.key_pem = encrypted_key(traditional, passphrase);
            EXPECT_EQ((lines{"key: is encrypted with a passphrase; a key without one is needed"}),
                      found_in(options));
        }
    }
}

TEST(tls_inspect, refuses_a_key_of_another_certificate)
{
    auto options = good_options();
    options.key_pem = make_certificate({}).key_pem;
    EXPECT_EQ((lines{"key: does not match the certificate"}), found_in(options));
    options.key_pem = make_certificate({.rsa_bits = 2048}).key_pem; // another type, too
    EXPECT_EQ((lines{"key: does not match the certificate"}), found_in(options));
}

TEST(tls_inspect, refuses_keys_that_are_too_small)
{
    // At the level that Debian and newer releases of OpenSSL have by themselves.
    auto options = options_with(make_certificate({.rsa_bits = 1024}));
    options.ciphers = "DEFAULT:@SECLEVEL=2";
    EXPECT_EQ((lines{"certificate: has a key of 1024 bits (RSA), too small for OpenSSL's security "
                     "level 2"}),
              found_in(options));

    const auto weak = make_certificate({.name = "weak", .rsa_bits = 1024});
    options = options_with(make_certificate({.issuer = &weak}));
    options.certificate_pem += weak.certificate_pem;
    options.ciphers = "DEFAULT:@SECLEVEL=2";
    EXPECT_EQ((lines{"certificate: certificate 2 of the chain (CN=weak) has a key of 1024 bits "
                     "(RSA), too small for OpenSSL's security level 2"}),
              found_in(options));
}

TEST(tls_inspect, refuses_a_signature_that_is_too_weak)
{
    const auto root = make_certificate({.name = "root"});
    auto options = options_with(make_certificate({.issuer = &root, .digest = EVP_sha1()}));
    options.ciphers = "DEFAULT:@SECLEVEL=2";
    EXPECT_EQ((lines{"certificate: is signed with a digest that is too weak for OpenSSL's security "
                     "level 2"}),
              found_in(options));
}

TEST(tls_inspect, doubts_dates)
{
    const auto found = [](std::int64_t begin, std::int64_t end) {
        return found_in(options_with(make_certificate({.begin = begin, .end = end})));
    };
    EXPECT_EQ((lines{"certificate warning: expired on 2026-01-01 03:04:05 UTC"}),
              found(some_day - 9 * one_day, some_day - one_day));
    EXPECT_EQ((lines{"certificate warning: is not valid before 2026-01-03 03:04:05 UTC"}),
              found(some_day + one_day, some_day + 99 * one_day));
    EXPECT_EQ((lines{"certificate warning: expires soon, on 2026-01-15 03:04:05 UTC"}),
              found(some_day - one_day, some_day + 13 * one_day));
    EXPECT_EQ(lines{}, found(some_day - one_day, some_day + 14 * one_day));
    EXPECT_EQ(lines{}, found(some_day, 253402300799)); // the year 9999: "no expiry" (RFC 5280)
}

TEST(tls_inspect, doubts_dates_of_the_chain)
{
    const auto old = make_certificate({.name = "old", .end = some_day - one_day});
    auto options = options_with(make_certificate({.issuer = &old}));
    options.certificate_pem += old.certificate_pem;
    EXPECT_EQ((lines{"certificate warning: certificate 2 of the chain (CN=old) expired on "
                     "2026-01-01 03:04:05 UTC"}),
              found_in(options));
}

TEST(tls_inspect, doubts_a_chain_in_the_wrong_order)
{
    const auto root = make_certificate({.name = "root"});
    const auto middle = make_certificate({.name = "middle", .issuer = &root});
    auto options = options_with(make_certificate({.name = "leaf", .issuer = &middle}));
    options.certificate_pem += root.certificate_pem + middle.certificate_pem;
    EXPECT_EQ((lines{"certificate warning: certificate 2 of the chain (CN=root) did not issue "
                     "certificate 1 (CN=leaf)",
                     "certificate warning: certificate 3 of the chain (CN=middle) did not issue "
                     "certificate 2 (CN=root)"}),
              found_in(options));
}

TEST(tls_inspect, refuses_a_chain_whose_leaf_is_not_first)
{
    const auto root = make_certificate({.name = "root"});
    auto options = options_with(make_certificate({.name = "leaf", .issuer = &root}));
    options.certificate_pem = root.certificate_pem + options.certificate_pem;
    EXPECT_EQ((lines{"certificate: is in the wrong order: the private key matches certificate 2 "
                     "(CN=leaf); the server's own certificate has to come first"}),
              found_in(options));
}

TEST(tls_inspect, names_each_unknown_cipher_suite_and_group)
{
    auto options = good_options();
    options.ciphers = "ECDHE+AESGCM:FOO:BAR";
    options.suites = "TLS_AES_128_GCM_SHA256:TLS_FOO";
    options.groups = "X25519:P-257:secp999r1";
    EXPECT_EQ((lines{"ciphers: 'FOO' is not known to this OpenSSL",
                     "ciphers: 'BAR' is not known to this OpenSSL",
                     "suites: 'TLS_FOO' is not known to this OpenSSL",
                     "groups: 'P-257' is not known to this OpenSSL",
                     "groups: 'secp999r1' is not known to this OpenSSL"}),
              found_in(options));
}

TEST(tls_inspect, tells_ciphers_from_suites)
{
    auto options = good_options();
    options.ciphers = "ECDHE+AESGCM:TLS_AES_128_GCM_SHA256";
    options.suites = "TLS_AES_128_GCM_SHA256:AES128-SHA";
    EXPECT_EQ(
        (lines{"ciphers: 'TLS_AES_128_GCM_SHA256' is a suite of TLS 1.3, not a cipher of TLS 1.2",
               "suites: 'AES128-SHA' is a cipher of TLS 1.2, not a suite of TLS 1.3"}),
        found_in(options));
}

TEST(tls_inspect, refuses_lists_whose_names_are_known_but_make_no_sense)
{
    auto options = good_options();
    options.ciphers = "AES128-SHA:!AES128-SHA";
    options.groups = "X25519:P-256:X25519";
    EXPECT_EQ((lines{"ciphers: 'AES128-SHA:!AES128-SHA' is refused: no cipher match",
                     "groups: 'X25519' stands twice"}),
              found_in(options));
    options = good_options();
    options.ciphers = "HIGH:@FOO";
    EXPECT_EQ((lines{"ciphers: 'HIGH:@FOO' is refused: invalid command"}), found_in(options));
}

TEST(tls_inspect, refuses_versions_that_it_does_not_support)
{
    auto options = good_options();
    options.min_version = 0x0302;
    EXPECT_EQ((lines{"versions: TLS 1.1 is not supported; TLS 1.2 and TLS 1.3 are"}),
              found_in(options));
    options.min_version = 0x0304;
    options.max_version = 0x0303;
    EXPECT_EQ((lines{"versions: the lowest version (TLS 1.3) is above the highest (TLS 1.2)"}),
              found_in(options));
}

TEST(tls_inspect, finds_everything_at_once_in_order)
{
    context_options options;
    options.ciphers = "FOO";
    options.groups = "FOO";
    options.max_version = 0x0302;
    options.min_version = 0x0302;
    EXPECT_EQ((lines{"certificate: is not PEM", "key: is not PEM",
                     "ciphers: 'FOO' is not known to this OpenSSL",
                     "groups: 'FOO' is not known to this OpenSSL",
                     "versions: TLS 1.1 is not supported; TLS 1.2 and TLS 1.3 are"}),
              found_in(options));
}

TEST(tls_inspect, judges_by_the_present_day_if_no_other_is_given)
{
    const auto long_ago = make_certificate({.begin = 0, .end = one_day});
    const auto found = inspect(options_with(long_ago));
    ASSERT_EQ(1U, found.size());
    EXPECT_EQ("expired on 1970-01-02 00:00:00 UTC", found[0].message);
}

} // namespace
