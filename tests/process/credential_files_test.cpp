#include "process/credential_files.hpp"

#include "process/stand_ins.hpp"
#include "tls/self_signed.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/stat.h>

namespace ferrule::process {
namespace {

using namespace std::chrono_literals;
using texts = std::vector<std::string>;

constexpr auto loaded_ok = static_cast<std::size_t>(metrics::load_result::ok);
constexpr auto load_failed = static_cast<std::size_t>(metrics::load_result::failed);

/// Nothing can be opened as long as it lives.
class without_descriptors {
public:
    without_descriptors()
    {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit none{0, before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    ~without_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    without_descriptors(const without_descriptors&) = delete;
    without_descriptors& operator=(const without_descriptors&) = delete;

private:
    rlimit before_{};
};

/// One listener, whose certificate and key are in files, with a look each second.
class credentials : public ::testing::Test {
protected:
    credentials()
    {
        config::listener_settings listener;
        listener.name = "web";
        listener.tls.certificate_path = folder_ / "web.pem";
        listener.tls.key_path = folder_ / "web.key";
        listener.tls.certificate_pem = first_.certificate_pem;
        listener.tls.key_pem = first_.key_pem;
        settings_.listeners.push_back(listener);
        settings_.watch = 1s;
        write(first_.certificate_pem, first_.key_pem);
        files_.watch();
        loop_.pass(2s); // the first two looks end in reading once more what is in force
    }

    void write(const std::string& certificate, const std::string& key)
    {
        replace("web.pem", certificate);
        replace("web.key", key);
    }

    /// By another file, as a change of the same one might have the same time.
    void replace(const std::string& name, const std::string& text)
    {
        const std::string path = folder_ / name;
        std::ofstream(path + ".new") << text;
        ASSERT_EQ(0, ::chmod((path + ".new").c_str(), 0600));
        std::filesystem::rename(path + ".new", path);
    }

    std::uint64_t loads(std::size_t result)
    {
        return numbers_.of_listener(0, "web").certificate_loads[result].get();
    }

    static inline const tls::key_pair first_ = tls::make_self_signed(365);
    static inline const tls::key_pair second_ = tls::make_self_signed(365);

    test::temporary_folder folder_;
    metrics::registry numbers_{2};
    kept_log log_{numbers_};
    config::settings settings_;
    manual_loop loop_;
    told_workers workers_{2};
    deployment deployment_{numbers_, 2, inherited_sockets{}};
    credential_files files_{loop_, settings_, deployment_, workers_, numbers_, log_.log()};
};

TEST_F(credentials, that_have_not_changed_are_left_alone)
{
    loop_.pass(10s);
    EXPECT_TRUE(workers_.renewed.empty());
    EXPECT_EQ(0U, loads(loaded_ok));
    EXPECT_TRUE(log_.lines().empty());
}

TEST_F(credentials, that_have_changed_are_picked_up_by_every_worker)
{
    write(second_.certificate_pem, second_.key_pem);
    loop_.pass(1s);
    EXPECT_TRUE(workers_.renewed.empty()) << "they might be written still";
    loop_.pass(1s);
    ASSERT_EQ(1U, workers_.renewed.size());
    EXPECT_EQ("web", workers_.renewed[0].first);
    ASSERT_EQ(2U, workers_.renewed[0].second.size());
    for (const auto& each : workers_.renewed[0].second)
        EXPECT_TRUE(each);
    EXPECT_EQ(second_.certificate_pem, settings_.listeners[0].tls.certificate_pem);
    EXPECT_EQ(second_.key_pem, settings_.listeners[0].tls.key_pem);
    loop_.pass(10s);
    EXPECT_EQ(1U, workers_.renewed.size());
    EXPECT_EQ(1U, loads(loaded_ok));
    const texts lines = log_.lines();
    ASSERT_EQ(1U, lines.size());
    EXPECT_TRUE(lines[0].starts_with("info certificate picked up listener=web subject=\""))
        << lines[0];
}

TEST_F(credentials, that_do_not_fit_are_refused_once_and_what_is_in_force_stays)
{
    write(second_.certificate_pem, first_.key_pem);
    loop_.pass(10s);
    EXPECT_TRUE(workers_.renewed.empty());
    EXPECT_EQ(first_.certificate_pem, settings_.listeners[0].tls.certificate_pem);
    EXPECT_EQ(1U, loads(load_failed));
    EXPECT_EQ((texts{"error certificate not picked up listener=web: " + (folder_ / "web.key") +
                     " does not match the certificate; what is in force stays"}),
              log_.lines());
}

TEST_F(credentials, that_cannot_be_read_are_tried_at_each_look_and_told_once)
{
    std::filesystem::remove(folder_ / "web.key");
    loop_.pass(10s);
    EXPECT_EQ(1U, loads(load_failed));
    write(second_.certificate_pem, second_.key_pem);
    loop_.pass(2s);
    EXPECT_EQ(1U, workers_.renewed.size());
    files_.note_mended(settings_.listeners);
    EXPECT_EQ(1U, loads(loaded_ok)) << "nothing is refused any more";
    const texts lines = log_.lines();
    ASSERT_EQ(2U, lines.size());
    EXPECT_EQ("error certificate not picked up listener=web: " + (folder_ / "web.key") +
                  " cannot be read: No such file or directory; what is in force stays",
              lines[0]);
}

TEST_F(credentials, that_no_descriptor_was_left_for_are_read_at_the_next_look_unchanged)
{
    write(second_.certificate_pem, second_.key_pem);
    {
        const without_descriptors none_left;
        loop_.pass(4s);
    }
    EXPECT_TRUE(workers_.renewed.empty());
    EXPECT_EQ(1U, loads(load_failed));
    loop_.pass(1s);
    EXPECT_EQ(1U, workers_.renewed.size());
}

TEST_F(credentials, that_were_refused_may_become_again_what_is_in_force)
{
    write(second_.certificate_pem, first_.key_pem);
    loop_.pass(3s);
    write(first_.certificate_pem, first_.key_pem);
    loop_.pass(3s);
    EXPECT_TRUE(workers_.renewed.empty());
    EXPECT_EQ(1U, loads(load_failed));
    EXPECT_EQ(1U, loads(loaded_ok));
    EXPECT_EQ("info certificate in force is in the files again listener=web", log_.lines().back());
}

TEST_F(credentials, are_picked_up_with_a_warning_if_others_can_read_the_key)
{
    write(second_.certificate_pem, second_.key_pem);
    ASSERT_EQ(0, ::chmod((folder_ / "web.key").c_str(), 0644));
    loop_.pass(2s);
    EXPECT_EQ(1U, workers_.renewed.size());
    EXPECT_EQ("warning listener=web " + (folder_ / "web.key") + " can be read or changed by others",
              log_.lines().back());
}

TEST_F(credentials, are_not_looked_at_once_it_is_stopped)
{
    write(second_.certificate_pem, second_.key_pem);
    files_.stop();
    loop_.pass(10s);
    EXPECT_TRUE(workers_.renewed.empty());
    EXPECT_FALSE(loop_.is_anything_set());
}

TEST_F(credentials, are_not_looked_at_if_that_is_off)
{
    settings_.watch = base::off;
    files_.watch();
    EXPECT_FALSE(loop_.is_anything_set());
}

TEST_F(credentials, are_not_looked_at_if_there_are_none_in_files)
{
    settings_.listeners[0].tls.certificate_path.clear();
    files_.watch();
    EXPECT_FALSE(loop_.is_anything_set());
}

TEST_F(credentials, count_as_loaded_when_a_reload_brings_others)
{
    const std::vector<config::listener_settings> before = settings_.listeners;
    std::vector<config::listener_settings> after = before;
    files_.note_loads({}, before);
    EXPECT_EQ(0U, loads(loaded_ok)) << "it is no change that a listener is new";
    files_.note_loads(before, after);
    EXPECT_EQ(0U, loads(loaded_ok));
    after[0].tls.certificate_pem = second_.certificate_pem;
    files_.note_loads(before, after);
    EXPECT_EQ(1U, loads(loaded_ok));
}

TEST_F(credentials, have_the_time_of_the_calendar_at_which_they_were_loaded)
{
    files_.note_loads({}, settings_.listeners);
    const std::string text = numbers_.text();
    EXPECT_NE(text.find("1800001002"), std::string::npos) << text;
}

TEST_F(credentials, count_as_loaded_when_a_reload_finds_those_in_force_after_a_refusal)
{
    files_.note_mended(settings_.listeners);
    EXPECT_EQ(0U, loads(loaded_ok)) << "there was no refusal";
    write(second_.certificate_pem, first_.key_pem);
    loop_.pass(3s);
    files_.note_mended(settings_.listeners);
    EXPECT_EQ(1U, loads(loaded_ok));
    std::vector<config::listener_settings> others = settings_.listeners;
    others[0].tls.certificate_pem = second_.certificate_pem;
    files_.note_mended(others);
    EXPECT_EQ(1U, loads(loaded_ok));
}

} // namespace
} // namespace ferrule::process
