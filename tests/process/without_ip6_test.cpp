// A machine whose kernel was started without IPv6, as far as socket(2) shows it.

#include "process/deployment.hpp"

#include "process/one_listener.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

namespace {

std::atomic<bool> is_without_ip6{false};

} // namespace

/// Takes the place of libc's in this program.
extern "C" int socket(int family, int type, int protocol) noexcept
{
    if (family == AF_INET6 && is_without_ip6) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    return static_cast<int>(syscall(SYS_socket, family, type, protocol));
}

namespace ferrule::process {
namespace {

class without_ip6 : public ::testing::Test {
protected:
    void SetUp() override { is_without_ip6 = true; }
    void TearDown() override { is_without_ip6 = false; }

    deployment::prepared prepare(const std::string& address)
    {
        const config::settings settings = settings_with(address);
        return deployment_.prepare(settings, backends::resolve_servers(settings.backends));
    }

    metrics::registry numbers_{1};
    deployment deployment_{numbers_, 1, inherited_sockets{}};
};

TEST_F(without_ip6, every_address_is_that_of_ip4_alone)
{
    deployment::prepared prepared = prepare("*:0");
    ASSERT_EQ(1u, prepared.bound.size());
    EXPECT_TRUE(prepared.bound[0].socket.where().text().starts_with("0.0.0.0:"));
    EXPECT_EQ((std::vector<std::string>{"listener=web address=[::]:0: not listened on, since this "
                                        "machine has no IPv6"}),
              prepared.warnings);
}

TEST_F(without_ip6, it_is_said_once)
{
    deployment::prepared first = prepare("*:0");
    deployment_.listen(first);
    deployment_.commit(first);
    const deployment::prepared again = prepare("*:0");
    EXPECT_TRUE(again.bound.empty());
    EXPECT_TRUE(again.warnings.empty());
}

TEST_F(without_ip6, is_no_reason_to_take_an_address_of_its_own_for_open)
{
    deployment::prepared first = prepare("*:0");
    deployment_.listen(first);
    deployment_.commit(first);
    EXPECT_THROW(prepare("[::]:0"), std::system_error);
}

TEST_F(without_ip6, an_address_of_ip6_is_an_error)
{
    EXPECT_THROW(prepare("[::]:0"), std::system_error);
}

} // namespace
} // namespace ferrule::process
