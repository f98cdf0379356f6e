// What the tests of the reader start from: files to name, and a file that is good.
#pragma once

#include "config/reader.hpp"
#include "config/test_files.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ferrule::config {

/// A directory with files that have the form of a certificate and a key; nobody looks inside.
class reader : public testing::Test {
protected:
    void SetUp() override
    {
        files.write("a.pem", "certificate a\n");
        files.write("a.key", "key a\n");
    }

    /// `rest` are further keys of the listener, `root` further keys of the file.
    static std::string file(const std::string& root = {}, const std::string& rest = {},
                            const std::string& backend_rest = {})
    {
        return root +
               "listeners:\n"
               "  - name: web\n"
               "    addresses: \"127.0.0.1:8443\"\n"
               "    tls: {certificate: a.pem, key: a.key}\n"
               "    backend: app\n" +
               rest +
               "backends:\n"
               "  - name: app\n"
               "    servers: \"127.0.0.1:8080\"\n" +
               backend_rest;
    }

    reading read_text(const std::string& text, const tls_inspector& inspect = {}) const
    {
        return read(text, files.path(), inspect);
    }

    settings good(const std::string& text) const
    {
        const reading result = read_text(text);
        EXPECT_EQ(yaml::to_text(result.findings, text, "file"), "");
        return result.settings.value_or(settings{});
    }

    std::string first_message(const std::string& text, const tls_inspector& inspect = {}) const
    {
        const reading result = read_text(text, inspect);
        return result.findings.empty() ? "" : result.findings.front().message;
    }

    test::temporary_directory files;
};

} // namespace ferrule::config
