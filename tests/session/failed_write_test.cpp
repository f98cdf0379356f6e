// docs/endings.md, "A failed write": the peer resets while we write to it, so that no event says so
// before. The test program's own `send` stands before the C library's.

#include "session/told.hpp"
#include "session/world.hpp"

#include <dlfcn.h>
#include <sys/ioctl.h>

#include <functional>
#include <utility>

namespace {

using namespace std::chrono_literals;
using ferrule::ending::side;
using ferrule::test::ending_of;
using ferrule::test::text_of_size;
using ferrule::test::world;
using ferrule::test::world_options;

/// Called once, right before the next send on `descriptor`.
struct interruption {
    int descriptor = -1;
    std::function<void()> what;
} before_send;

int unread_bytes(int descriptor)
{
    int count = 0;
    return ::ioctl(descriptor, FIONREAD, &count) == 0 ? count : -1;
}

TEST(failed_write, to_a_backend_that_has_reset_leaves_nothing_of_its_answer_unread)
{
    world_options given;
    given.client_window = given.send_buffer = 8192;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.backend.send(text_of_size(500'000));
    it.settle();
    const auto arrived = it.bytes_read_from(side::backend) +
                         static_cast<std::uint64_t>(unread_bytes(it.backend_side()));
    ASSERT_GT(unread_bytes(it.backend_side()), 0) << "nothing waits behind the client";

    before_send = {it.backend_side(), [&] { it.backend.reset(); }};
    it.client.send("the next request");
    it.settle();
    ASSERT_FALSE(before_send.what) << "nothing was written";

    it.client.read_on();
    ASSERT_TRUE(it.finish(1s));
    EXPECT_EQ(arrived, it.client.received().size());
    EXPECT_FALSE(it.client.saw_close_notify());
    EXPECT_EQ("backend_reset; client reset, backend gone; lost", ending_of(it.told()));
}

} // namespace

extern "C" ssize_t send(int descriptor, const void* bytes, size_t count, int flags)
{
    using send_call = ssize_t (*)(int, const void*, size_t, int);
    static const auto real = reinterpret_cast<send_call>(dlsym(RTLD_NEXT, "send"));
    if (descriptor == before_send.descriptor && before_send.what)
        std::exchange(before_send.what, {})();
    return real(descriptor, bytes, count, flags);
}
