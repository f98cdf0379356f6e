#include "tls/record_memory.hpp"

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <array>
#include <set>
#include <thread>

namespace ferrule::tls {
namespace {

// Before main, so before anything of OpenSSL's: all tests of this folder run with it.
const bool is_kept = keep_record_memory();

constexpr std::size_t record = 16 * 1024 + 312;

TEST(record_memory, is_ours_if_nothing_of_openssl_came_before)
{
    EXPECT_TRUE(is_kept);
}

TEST(record_memory, gives_the_block_that_came_back_last)
{
    void* first = OPENSSL_malloc(record);
    void* second = OPENSSL_malloc(record);
    ASSERT_NE(first, second);
    OPENSSL_free(first);
    OPENSSL_free(second);
    EXPECT_EQ(second, OPENSSL_malloc(record + 100)) << "of whatever size a record's buffer is";
    EXPECT_EQ(first, OPENSSL_malloc(record));
    OPENSSL_free(first);
    OPENSSL_free(second);
}

TEST(record_memory, keeps_a_few_for_each_thread)
{
    std::thread([] {
        std::array<void*, 12> blocks{};
        for (void*& each : blocks)
            each = OPENSSL_malloc(record);
        EXPECT_EQ(std::set<void*>(blocks.begin(), blocks.end()).size(), blocks.size());
        for (void* each : blocks)
            OPENSSL_free(each);
        // Those that were kept go with the thread: the leak checker sees to that.
    }).join();
}

TEST(record_memory, leaves_other_sizes_to_the_allocator)
{
    for (const std::size_t size : {std::size_t{1}, std::size_t{16 * 1024}, std::size_t{100'000}}) {
        auto* block = static_cast<unsigned char*>(OPENSSL_malloc(size));
        block[size - 1] = 1;
        block = static_cast<unsigned char*>(OPENSSL_realloc(block, size + record));
        EXPECT_EQ(block[size - 1], 1);
        OPENSSL_free(block);
    }
    auto* grown = static_cast<unsigned char*>(OPENSSL_malloc(record));
    grown[0] = 7;
    grown = static_cast<unsigned char*>(OPENSSL_realloc(grown, 200'000));
    EXPECT_EQ(grown[0], 7);
    OPENSSL_free(grown);
}

} // namespace
} // namespace ferrule::tls
