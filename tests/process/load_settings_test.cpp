#include "process/load_settings.hpp"

#include "config/test_files.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <thread>

namespace ferrule::process {

namespace {

using test::temporary_directory;

const std::string good_text = "listeners:\n"
                              "  - name: web\n"
                              "    addresses: \"127.0.0.1:8443\"\n"
                              "    tls: {certificate: good.pem, key: good.key}\n"
                              "    backend: app\n"
                              "backends:\n"
                              "  - name: app\n"
                              "    servers: \"127.0.0.1:8080\"\n";

std::string findings_of(const loaded& result)
{
    return yaml::to_text(result.reading.findings, result.text, "file");
}

TEST(loading, takes_relative_paths_from_the_files_own_directory)
{
    const temporary_directory directory;
    const auto made = test::make_certificate();
    directory.write("good.pem", made.certificate);
    directory.write("good.key", made.key);
    const std::string path = directory.write("ferrule.yaml", good_text);

    const loaded result = load_settings(path);
    EXPECT_EQ(findings_of(result), "");
    ASSERT_TRUE(result.reading.settings);
    EXPECT_EQ(result.reading.settings->file, path);
    EXPECT_EQ(result.reading.settings->listeners.at(0).tls.certificate_pem, made.certificate);
    EXPECT_EQ(result.text, good_text);
}

TEST(loading, reports_what_openssl_finds)
{
    const temporary_directory directory;
    directory.write("good.pem", test::make_certificate().certificate);
    directory.write("good.key", test::make_certificate().key);
    const loaded result = load_settings(directory.write("ferrule.yaml", good_text));
    EXPECT_FALSE(result.reading.settings);
    EXPECT_EQ(
        findings_of(result),
        "file:4:39: error: listener 'web': tls.key: does not match the certificate\n"
        "    tls: {certificate: good.pem, key: good.key}\n"
        "                                      ^ the certificate's private key, as PEM without "
        "a passphrase\n");
}

TEST(loading, reports_a_file_that_cannot_be_read_in_one_line)
{
    const temporary_directory directory;
    EXPECT_EQ(findings_of(load_settings(directory.path("none.yaml"))),
              "file: error: cannot be read: No such file or directory\n");
    EXPECT_EQ(findings_of(load_settings(directory.path())), "file: error: is a directory\n");
    EXPECT_EQ(findings_of(load_settings("/dev/null")), "file: error: is not a regular file\n");
    EXPECT_EQ(findings_of(load_settings("")),
              "file: error: cannot be read: No such file or directory\n");
}

TEST(loading, refuses_a_file_of_more_than_a_mebibyte)
{
    const temporary_directory directory;
    const std::string comment(1024 * 1024, '#');
    EXPECT_EQ(findings_of(load_settings(directory.write("large.yaml", comment + "#"))),
              "file: error: is larger than 1 MiB\n");
    const loaded just_fits = load_settings(directory.write("fits.yaml", comment));
    EXPECT_NE(findings_of(just_fits).find("the file says nothing"), std::string::npos);
}

TEST(loading, does_not_wait_for_a_fifo)
{
    const temporary_directory directory;
    ASSERT_EQ(::mkfifo(directory.path("fifo").c_str(), 0600), 0);
    EXPECT_EQ(findings_of(load_settings(directory.path("fifo"))),
              "file: error: is not a regular file\n");
}

TEST(loading, takes_a_pipe_or_a_device_where_it_is_told_to)
{
    const auto taken = base::streams::taken;
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const std::string text = "workers: many\n";
    ASSERT_EQ(::write(pipe[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::close(pipe[1]);
    const loaded result = load_settings("/dev/fd/" + std::to_string(pipe[0]), taken);
    ::close(pipe[0]);
    EXPECT_EQ(result.text, text);
    EXPECT_NE(findings_of(result).find("file:1:10: error: workers: 'many'"), std::string::npos);

    EXPECT_NE(findings_of(load_settings("/dev/null", taken)).find("the file says nothing"),
              std::string::npos);
    EXPECT_EQ(findings_of(load_settings("/dev/zero", taken)),
              "file: error: is larger than 1 MiB\n");
    const temporary_directory directory;
    ASSERT_EQ(::mkfifo(directory.path("fifo").c_str(), 0600), 0);
    EXPECT_NE(findings_of(load_settings(directory.path("fifo"), taken)).find("says nothing"),
              std::string::npos)
        << "nobody writes, so it is at its end";
    EXPECT_EQ(findings_of(load_settings(directory.path(), taken)), "file: error: is a directory\n");
}

TEST(loading, waits_for_a_pipe_whose_writer_is_slow)
{
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    std::thread writer([to = pipe[1]] {
        for (const char* const part : {"workers: ", "many", "\n"}) {
            std::this_thread::yield();
            EXPECT_GT(::write(to, part, std::strlen(part)), 0);
        }
        ::close(to);
    });
    const loaded result = load_settings("/dev/fd/" + std::to_string(pipe[0]), base::streams::taken);
    writer.join();
    ::close(pipe[0]);
    EXPECT_EQ(result.text, "workers: many\n");
}

TEST(loading, never_shows_a_private_key)
{
    const temporary_directory directory;
    const std::string key = test::make_certificate().key;
    const std::string secret = key.substr(key.find('\n') + 1, 40);
    std::string indented = "        " + key;
    for (auto at = indented.find('\n'); at + 1 < indented.size(); at = indented.find('\n', at + 1))
        indented.insert(at + 1, "        ");
    std::string inlined = key;
    for (auto at = inlined.find('\n'); at != inlined.npos; at = inlined.find('\n', at))
        inlined.replace(at, 1, "\\n");

    const std::string before = "listeners:\n  - name: web\n    tls:\n      key: ";
    for (const std::string& text :
         {before + "|\n" + indented, before + indented, before + key,
          before + "\"" + inlined + "\"\n", key, before + "\n" + key, "? " + key + ": x\n",
          "log: {target: \"" + inlined + "\"}\n",
          "log: {level: [\"" + inlined + "\"], colour: \"" + inlined + "\"}\n" + indented}) {
        const std::string shown = findings_of(load_settings(directory.write("f.yaml", text)));
        EXPECT_FALSE(shown.empty());
        EXPECT_EQ(shown.find(secret.substr(0, 12)), std::string::npos) << shown;
    }
}

} // namespace
} // namespace ferrule::process
