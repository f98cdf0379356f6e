// config/ferrule.yaml and config/examples/ against the reader. table_test.cpp has the rest.

#include "config/reader.hpp"
#include "config/test_files.hpp"
#include "process/load_settings.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ferrule::config {

namespace {

using test::certificate_and_key;
using test::make_certificate;
using test::read_whole;
using test::source_tree;
using test::temporary_directory;

const std::string tls_directory = "/etc/ferrule/tls/";

/// The shipped `file` with certificates that exist: each /etc/ferrule/tls/NAME.pem and NAME.key is
/// replaced by a file in `directory`.
std::string with_certificates(std::string file, const temporary_directory& directory)
{
    static const certificate_and_key made = make_certificate();
    for (auto at = file.find(tls_directory); at != file.npos; at = file.find(tls_directory)) {
        const auto end = file.find('\n', at);
        const std::string name =
            file.substr(at + tls_directory.size(), end - at - tls_directory.size());
        EXPECT_TRUE(name.ends_with(".pem") || name.ends_with(".key")) << name;
        directory.write(name, name.ends_with(".key") ? made.key : made.certificate);
        file.replace(at, end - at, directory.path(name));
    }
    return file;
}

settings load_good(const std::string& text)
{
    const temporary_directory directory;
    const std::string changed = with_certificates(text, directory);
    const std::string path = directory.write("shipped.yaml", changed);
    const process::loaded result = process::load_settings(path);
    EXPECT_EQ(yaml::to_text(result.reading.findings, result.text, "shipped"), "");
    settings loaded = result.reading.settings.value_or(settings{});
    loaded.file.clear();
    for (listener_settings& listener : loaded.listeners) {
        listener.tls.certificate_path.clear();
        listener.tls.key_path.clear();
    }
    return loaded;
}

std::string shipped_file()
{
    return read_whole(source_tree() / "config" / "ferrule.yaml");
}

TEST(the_shipped_file, states_the_defaults)
{
    const settings shipped = load_good(shipped_file());
    const settings minimal = load_good(R"(
listeners:
  - name: web
    addresses: ["0.0.0.0:443", "[::]:443"]
    tls:
      certificate: /etc/ferrule/tls/web.pem
      key: /etc/ferrule/tls/web.key
    backend: app
backends:
  - name: app
    servers: ["127.0.0.1:8080"]
)");
    EXPECT_EQ(shipped.workers, minimal.workers);
    EXPECT_EQ(shipped.max_sessions, minimal.max_sessions);
    EXPECT_EQ(shipped.log, minimal.log);
    EXPECT_EQ(shipped.metrics_address, minimal.metrics_address);
    EXPECT_EQ(shipped.drain, minimal.drain);
    ASSERT_EQ(shipped.listeners.size(), minimal.listeners.size());
    EXPECT_EQ(shipped.listeners[0].backlog, minimal.listeners[0].backlog);
    EXPECT_EQ(shipped.listeners[0].tls, minimal.listeners[0].tls);
    EXPECT_EQ(shipped.listeners[0].timeouts, minimal.listeners[0].timeouts);
    EXPECT_EQ(shipped.listeners[0].route.shutdown, minimal.listeners[0].route.shutdown);
    EXPECT_EQ(shipped, minimal);
}

TEST(the_shipped_file, has_no_finding_but_the_paths_of_its_certificate)
{
    const reading result = read(shipped_file(), "", {});
    for (const yaml::diagnostic& finding : result.findings)
        EXPECT_NE(finding.message.find(tls_directory), std::string::npos) << finding.message;
}

class examples : public testing::TestWithParam<std::string> {};

TEST_P(examples, load_without_a_finding)
{
    const settings loaded =
        load_good(read_whole(source_tree() / "config" / "examples" / (GetParam() + ".yaml")));
    EXPECT_FALSE(loaded.listeners.empty());
}

INSTANTIATE_TEST_SUITE_P(shipped, examples,
                         testing::Values("minimal", "http", "mqtt-long-lived", "syslog-one-way",
                                         "legacy-clients", "edge-notify", "several-backends"),
                         [](const auto& tested) {
                             std::string name = tested.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

TEST(the_examples, are_all_tested)
{
    std::size_t count = 0;
    for (const auto& file :
         std::filesystem::directory_iterator(source_tree() / "config" / "examples"))
        count += file.path().extension() == ".yaml" ? 1 : 0;
    EXPECT_EQ(count, 7u) << "add a new example to the list above";
}

} // namespace
} // namespace ferrule::config
