// Who gets what when there are passwords. TLS, curl and guessing: tests/system/exporter_test.py.
#include "exporter/exporter.hpp"
#include "exporter/raw_client.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ferrule::exporter {
namespace {

using test::raw_client;

// "secret" and "other", with yescrypt's least cost.
const base::password_entry op{
    "op", "$y$j75$620cm1/chVFHGxYSM3COI.$HafD2DOPQbkcJQ.FT5TMNy2xJtxVyCs2qtM6Jgfu6J/"};
const base::password_entry op_changed{
    "op", "$y$j75$620cm1/chVFHGxYSM3COI.$ARw49R4Ak7pmW9cqXJrcy4Hpk0naUNH6F4M45o3kL12"};

// base64 of "op:secret", "op:other", "no:secret".
const std::string op_secret = "b3A6c2VjcmV0";
const std::string op_other = "b3A6b3RoZXI=";
const std::string no_secret = "bm86c2VjcmV0";

class exporter_password_test : public testing::Test {
protected:
    std::string status(const std::string& path, const std::string& authorization)
    {
        return status(raw_client::to_ip4(served.port()), path, authorization);
    }
    static std::string status(raw_client&& client, const std::string& path,
                              const std::string& authorization)
    {
        return status(client, path, authorization);
    }
    static std::string status(raw_client& client, const std::string& path,
                              const std::string& authorization)
    {
        const std::string field =
            authorization.empty() ? "" : "Authorization: " + authorization + "\r\n";
        client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + field + "\r\n");
        return client.answer().substr(9, 3);
    }

    metrics::registry numbers{1};
    exporter served{numbers, "127.0.0.1", 0, false, {}, {"", "", {op}}};
};

TEST_F(exporter_password_test, a_user_with_its_password_gets_everything)
{
    for (const char* path : {"/", "/status.json", "/metrics", "/healthz", "/readyz?x"})
        EXPECT_NE(status(path, "Basic " + op_secret), "401") << path;
    EXPECT_EQ(status("/metrics", "basic  " + op_secret), "200") << "any case, any blanks";
    EXPECT_EQ(numbers.process().passwords_refused, 0u);
}

TEST_F(exporter_password_test, others_get_the_probes_and_nothing_else)
{
    for (const char* path : {"/", "/status.json", "/metrics", "/x", "/healthz/", "/Healthz", ""}) {
        EXPECT_EQ(status(path[0] == 0 ? "*" : path, ""), "401") << path;
    }
    EXPECT_EQ(status("/healthz", ""), "200");
    EXPECT_EQ(status("/readyz", "Basic " + op_other), "503");
    EXPECT_EQ(numbers.process().passwords_refused, 7u);
}

TEST_F(exporter_password_test, what_is_not_the_right_password_is_refused)
{
    const std::vector<std::string> wrong{"Basic " + op_other,
                                         "Basic " + no_secret,
                                         "Bearer " + op_secret,
                                         "Basic",
                                         "Basic ",
                                         "Basic  ",
                                         op_secret,
                                         "Basic " + op_secret.substr(0, 11),
                                         "Basic ====",
                                         "Basic =",
                                         "Basic " + op_secret + "AAAA",
                                         "Basic b3A=",
                                         "Basic \x80\xff\xfe\xfd",
                                         "Basic " + op_secret + " " + op_secret};
    for (const std::string& said : wrong)
        EXPECT_EQ(status("/metrics", said), "401") << said;
}

TEST_F(exporter_password_test, a_body_of_an_unknown_user_tells_nothing)
{
    auto client = raw_client::to_ip4(served.port());
    client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic " + no_secret +
                "\r\n\r\n");
    const std::string answer = client.answer();
    EXPECT_NE(answer.find("\r\nWWW-Authenticate: Basic realm=\"Ferrule\", charset=\"UTF-8\"\r\n"),
              std::string::npos)
        << answer;
    EXPECT_EQ(answer.find("ferrule_"), std::string::npos) << answer;
}

TEST_F(exporter_password_test, a_good_password_is_remembered_only_until_it_changes)
{
    auto client = raw_client::to_ip4(served.port());
    EXPECT_EQ(status(client, "/metrics", "Basic " + op_secret), "200");
    served.protect({"", "", {op_changed}});
    EXPECT_EQ(status(client, "/metrics", "Basic " + op_secret), "401");
    EXPECT_EQ(status(client, "/metrics", "Basic " + op_other), "200");
    served.protect({"", "", {}});
    EXPECT_EQ(status(client, "/metrics", ""), "200") << "no users: for everybody";
}

TEST_F(exporter_password_test, a_bad_certificate_is_refused_and_changes_nothing)
{
    EXPECT_THROW(served.protect({"nonsense", "nonsense", {}}), std::runtime_error);
    EXPECT_EQ(status("/metrics", ""), "401");
}

TEST_F(exporter_password_test, when_many_wait_the_next_is_turned_away_and_a_known_one_is_not)
{
    EXPECT_EQ(status("/metrics", "Basic " + op_secret), "200");
    std::vector<raw_client> guessers;
    for (int i = 0; i < 20; ++i) {
        guessers.push_back(raw_client::to_ip4(served.port()));
        guessers.back().send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic " +
                             op_other + "\r\n\r\n");
    }
    EXPECT_EQ(guessers.back().answer().substr(9, 3), "429");
    EXPECT_EQ(status("/metrics", "Basic " + op_secret), "200");
    EXPECT_EQ(guessers.front().answer().substr(9, 3), "401");
}

} // namespace
} // namespace ferrule::exporter
