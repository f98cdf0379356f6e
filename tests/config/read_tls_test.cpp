// Certificates, keys, and what the inspector finds about them.

#include "config/reader_fixture.hpp"

namespace ferrule::config {

namespace {

class read_tls : public reader {};

TEST_F(read_tls, asks_the_inspector_about_each_listener)
{
    std::vector<tls_settings> asked;
    const auto inspect = [&](const tls_settings& options) {
        asked.push_back(options);
        return std::vector<tls_finding>{};
    };
    EXPECT_TRUE(read_text(file(), inspect).settings);
    ASSERT_EQ(asked.size(), 1u);
    EXPECT_EQ(asked[0].key_pem, "key a\n");
    EXPECT_EQ(asked[0].groups, default_groups);
}

TEST_F(read_tls, points_at_the_option_that_the_inspector_means)
{
    const std::string text = file();
    const auto inspect = [](const tls_settings&) {
        return std::vector<tls_finding>{
            {tls_finding::about::key, yaml::severity::error, "is of no use", "get another"},
            {tls_finding::about::ciphers, yaml::severity::warning, "are old", ""}};
    };
    const reading result = read_text(text, inspect);
    EXPECT_FALSE(result.settings);
    EXPECT_EQ(yaml::to_text(result.findings, text, "f"),
              "f:4:10: warning: listener 'web': tls: are old\n"
              "    tls: {certificate: a.pem, key: a.key}\n"
              "         ^\n"
              "f:4:36: error: listener 'web': tls.key: is of no use\n"
              "    tls: {certificate: a.pem, key: a.key}\n"
              "                                   ^ get another\n");
}

TEST_F(read_tls, keeps_what_the_inspector_says_of_a_file_that_was_not_read_to_itself)
{
    std::filesystem::remove(files.path("a.key"));
    const auto inspect = [](const tls_settings&) {
        return std::vector<tls_finding>{
            {tls_finding::about::key, yaml::severity::error, "is empty", ""}};
    };
    const reading result = read_text(file(), inspect);
    ASSERT_EQ(result.findings.size(), 1u);
    EXPECT_EQ(result.findings[0].message,
              "listener 'web': tls.key: 'a.key' cannot be read: No such file or directory");
}

TEST_F(read_tls, gives_settings_when_there_are_only_warnings)
{
    const auto inspect = [](const tls_settings&) {
        return std::vector<tls_finding>{
            {tls_finding::about::certificate, yaml::severity::warning, "expired", ""}};
    };
    const reading result = read_text(file(), inspect);
    EXPECT_EQ(result.findings.size(), 1u);
    EXPECT_TRUE(result.settings);
}

TEST_F(read_tls, names_a_file_that_may_not_be_read)
{
    ASSERT_EQ(::chmod(files.path("a.key").c_str(), 0), 0);
    ASSERT_EQ(::chmod(files.path("a.pem").c_str(), 0644), 0);
    ASSERT_EQ(::chmod(files.path().c_str(), 0755), 0);
    // Root may read everything, so root is someone else for a moment.
    const bool is_root = ::geteuid() == 0;
    if (is_root) {
        ASSERT_EQ(::seteuid(65534), 0);
    }
    const std::string message = first_message(file());
    if (is_root) {
        ASSERT_EQ(::seteuid(0), 0);
    }
    EXPECT_EQ(message, "listener 'web': tls.key: 'a.key' cannot be read: Permission denied");
}

} // namespace
} // namespace ferrule::config
