// config/ferrule.yaml, config/examples/ and docs/configuration.md against the reader.

#include "config/reader.hpp"
#include "config/table.hpp"
#include "config/test_files.hpp"
#include "process/load_settings.hpp"
#include "yaml/node.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <span>

namespace ferrule::config {

namespace {

using test::certificate_and_key;
using test::make_certificate;
using test::read_whole;
using test::source_tree;
using test::temporary_directory;

const std::string tls_directory = "/etc/ferrule/tls/";

struct named_block {
    std::string path; ///< "listeners[].tls"
    std::span<const std::string_view> keys;
};

const std::vector<named_block>& all_blocks()
{
    static const std::vector<named_block> blocks{
        {"", keys_of<root_rows>},
        {"limits", keys_of<limits_rows>},
        {"log", keys_of<log_rows>},
        {"metrics", keys_of<metrics_rows>},
        {"control", keys_of<control_rows>},
        {"drain", keys_of<drain_rows>},
        {"timeouts", keys_of<timeouts_rows>},
        {"shutdown", keys_of<shutdown_rows>},
        {"listeners[]", keys_of<listener_rows>},
        {"listeners[].tls", keys_of<tls_rows>},
        {"backends[]", keys_of<backend_rows>},
    };
    return blocks;
}

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

/// All paths of keys of a document, list entries as "[]".
void collect_keys(const yaml::node& node, const std::string& path,
                  std::map<std::string, std::vector<std::string>>& found)
{
    for (const yaml::yaml_entry& entry : node.entries()) {
        const std::string& key = entry.key.scalar();
        found[path].push_back(key);
        collect_keys(entry.value, path.empty() ? key : path + "." + key, found);
    }
    for (const yaml::node& item : node.items())
        collect_keys(item, path + "[]", found);
}

TEST(the_shipped_file, has_every_key_and_in_the_order_of_the_reader)
{
    const yaml::yaml_document document = yaml::parse_yaml(shipped_file());
    ASSERT_TRUE(document.root);
    std::map<std::string, std::vector<std::string>> found;
    collect_keys(*document.root, "", found);
    for (const named_block& block : all_blocks()) {
        const std::vector<std::string> known(block.keys.begin(), block.keys.end());
        EXPECT_EQ(found[block.path], known) << block.path;
    }
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
    EXPECT_EQ(shipped.listeners[0].shutdown, minimal.listeners[0].shutdown);
    EXPECT_EQ(shipped, minimal);
}

TEST(the_shipped_file, has_no_finding_but_the_paths_of_its_certificate)
{
    const reading result = read(shipped_file(), "", {});
    for (const yaml::diagnostic& finding : result.findings)
        EXPECT_NE(finding.message.find(tls_directory), std::string::npos) << finding.message;
}

TEST(the_shipped_file, states_each_limit_that_the_reader_has)
{
    // The reader's own words for a value that no key allows, key by key.
    const std::string text = shipped_file();
    const std::string bad = "workers: x\n"
                            "limits: {sessions: x}\n"
                            "drain: {delay: 9999h, timeout: 9999h}\n"
                            "watch: 9999h\n"
                            "timeouts: {handshake: 9999h, connect: 9999h, idle: 9999h, "
                            "lifetime: 9999h}\n"
                            "shutdown: {timeout: 9999h, half_close_timeout: 9999h, "
                            "stall_timeout: 9999h, linger: 9999h, linger_bytes: 9999GiB, "
                            "deadline: 9999h}\n"
                            "listeners: [{name: web, backlog: 0}]\n";
    int limits = 0;
    for (const yaml::diagnostic& finding : read(bad, "", {}).findings) {
        const auto to = finding.fix.find(" to ");
        if (to == finding.fix.npos)
            continue;
        ++limits;
        const auto from = finding.fix.rfind(' ', to - 1);
        const std::string low_and_on = finding.fix.substr(from == finding.fix.npos ? 0 : from + 1);
        const std::string range = low_and_on.substr(0, low_and_on.find(','));
        EXPECT_NE(text.find(range), std::string::npos) << finding.message << ": " << range;
    }
    EXPECT_EQ(limits, 16);
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

TEST(the_manual, has_a_row_for_every_key)
{
    const std::string manual = read_whole(source_tree() / "docs" / "configuration.md");
    for (const named_block& block : all_blocks()) {
        for (const std::string_view key : block.keys)
            EXPECT_NE(manual.find("| `" + std::string(key) + "` |"), std::string::npos)
                << block.path << " " << key;
    }
}

} // namespace
} // namespace ferrule::config
