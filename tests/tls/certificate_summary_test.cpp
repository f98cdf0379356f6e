#include "tls/context.hpp"

#include "tls/good_options.hpp"

#include <gtest/gtest.h>

namespace {

using ferrule::test::make_certificate;
using ferrule::test::some_day;

TEST(tls_facts, tell_subject_serial_and_end_of_the_leaf)
{
    const auto root = make_certificate({.name = "root"});
    const auto leaf =
        make_certificate({.name = "müller.example", .end = some_day, .issuer = &root});
    const auto facts = ferrule::tls::summary_of(leaf.certificate_pem + root.certificate_pem);
    EXPECT_EQ("CN=müller.example", facts.subject);
    EXPECT_EQ("ABCD", facts.serial);
    EXPECT_EQ(some_day, facts.not_after_seconds);
}

TEST(tls_facts, escape_control_characters)
{
    const auto odd = make_certificate({.name = "a\nb"});
    EXPECT_EQ("CN=a\\0Ab", ferrule::tls::summary_of(odd.certificate_pem).subject);
}

TEST(tls_facts, need_a_certificate)
{
    EXPECT_THROW(ferrule::tls::summary_of(""), std::runtime_error);
    EXPECT_THROW(ferrule::tls::summary_of(ferrule::test::good_certificate().key_pem),
                 std::runtime_error);
}

} // namespace
