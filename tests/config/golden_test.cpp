// Every golden/NAME.yaml must give exactly the findings in golden/NAME.txt. After a change of the
// words on purpose, FERRULE_UPDATE_GOLDEN=1 writes the texts anew: read the difference.

#include "config/reader.hpp"
#include "config/test_files.hpp"
#include "process/load_settings.hpp"
#include "yaml/diagnostic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace ferrule::test {

namespace {

/// The files that golden/*.yaml name.
const temporary_directory& files()
{
    static const temporary_directory directory;
    static const bool made = [] {
        const auto good = make_certificate();
        const auto expired = make_certificate(long_ago, "20210101000000Z");
        const auto future = make_certificate("29980101000000Z", far_ahead);
        directory.write("good.pem", good.certificate, 0644);
        directory.write("good.key", good.key);
        directory.write("group.key", good.key, 0640);
        directory.write("open.key", good.key, 0644);
        directory.write("other.key", make_certificate().key);
        directory.write("expired.pem", expired.certificate, 0644);
        directory.write("expired.key", expired.key);
        directory.write("future.pem", future.certificate, 0644);
        directory.write("future.key", future.key);
        directory.write("nonsense.pem", "not PEM\n");
        // As base64: 80 bytes in one line, then other 80 in two, and 78.
        const std::string tickets = std::string(106, 'A') + "E=\n";
        directory.write("good.tickets", "# ours\n" + tickets);
        directory.write("open.tickets", tickets, 0644);
        directory.write("wrapped.tickets",
                        std::string(64, 'B') + "\n" + std::string(42, 'B') + "A=\n");
        directory.write("several.tickets", tickets + "\n" + std::string(104, 'B') + "\n" +
                                               std::string(108, 'B') + "=\n" + tickets);
        directory.write("empty.tickets", "# none yet\n");
        const std::string entry =
            "op:$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vw"
            "PZN.Pq.H91p5hVO1\n";
        directory.write("good.passwords", "# who may scrape\n" + entry);
        directory.write("open.passwords", entry, 0644);
        directory.write("bad.passwords", entry + "op2:secret\n");
        directory.write("empty.passwords", "");
        directory.write("large.pem", std::string(1024 * 1024 + 1, 'x'));
        std::filesystem::create_directory(directory.path("directory.pem"));
        std::filesystem::create_symlink("loop.pem", directory.path("loop.pem"));
        return ::mkfifo(directory.path("fifo.pem").c_str(), 0600) == 0;
    }();
    EXPECT_TRUE(made);
    return directory;
}

std::filesystem::path golden_directory()
{
    return source_tree() / "tests" / "config" / "golden";
}

std::vector<std::string> golden_names()
{
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(golden_directory())) {
        if (file.path().extension() == ".yaml")
            names.push_back(file.path().stem().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

class golden : public testing::TestWithParam<std::string> {};

TEST_P(golden, gives_exactly_the_findings_in_the_text_file)
{
    const std::string name = GetParam();
    const std::string yaml = read_whole(golden_directory() / (name + ".yaml"));
    const auto expected = golden_directory() / (name + ".txt");

    const auto reading = config::read(yaml, files().path(), process::inspect_tls);
    const std::string found = yaml::to_text(reading.findings, yaml, name + ".yaml");

    if (std::getenv("FERRULE_UPDATE_GOLDEN") != nullptr)
        std::ofstream(expected) << found;
    EXPECT_EQ(found, read_whole(expected));

    const bool has_error =
        std::any_of(reading.findings.begin(), reading.findings.end(),
                    [](const auto& finding) { return finding.level == yaml::severity::error; });
    EXPECT_EQ(reading.settings.has_value(), !has_error);
}

INSTANTIATE_TEST_SUITE_P(config, golden, testing::ValuesIn(golden_names()),
                         [](const auto& tested) { return tested.param; });

TEST(golden_files, have_a_yaml_file_for_each_text_file)
{
    for (const auto& file : std::filesystem::directory_iterator(golden_directory())) {
        auto yaml = file.path();
        EXPECT_TRUE(std::filesystem::exists(yaml.replace_extension(".yaml"))) << file.path();
    }
}

} // namespace
} // namespace ferrule::test
