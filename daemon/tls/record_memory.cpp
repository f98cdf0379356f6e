#include "tls/record_memory.hpp"

#include <malloc.h>
#include <openssl/crypto.h>

#include <array>
#include <cstddef>
#include <cstdlib>

namespace ferrule::tls {

namespace {

/// What SSL3_RT_MAX_PLAIN_LENGTH and everything around it come to, in any version of OpenSSL.
constexpr std::size_t size_min = 16 * 1024;
constexpr std::size_t size_max = 20 * 1024;

/// Blocks of one thread, the last one given back first: it is still in the processor's cache. All
/// are of `size_max`, so that each fits each.
class kept_blocks {
public:
    ~kept_blocks()
    {
        while (count_ > 0)
            std::free(blocks_[--count_]);
        is_over_ = true;
    }

    void* take() noexcept { return count_ > 0 ? blocks_[--count_] : std::malloc(size_max); }

    void give(void* block) noexcept
    {
        if (count_ < blocks_.size() && !is_over_)
            blocks_[count_++] = block;
        else
            std::free(block);
    }

private:
    std::array<void*, 4> blocks_{};
    std::size_t count_ = 0;
    bool is_over_ = false; ///< the thread ends, and OpenSSL frees its own things behind us
};

thread_local constinit kept_blocks kept;

void* take(std::size_t size, const char*, int) noexcept
{
    return size > size_min && size <= size_max ? kept.take() : std::malloc(size);
}

void give(void* block, const char*, int) noexcept
{
    if (block == nullptr)
        return;
    // Another block of that size may come too; it is kept like the others.
    const std::size_t size = malloc_usable_size(block);
    if (size >= size_max && size < size_max + 64)
        kept.give(block);
    else
        std::free(block);
}

void* change(void* block, std::size_t size, const char*, int) noexcept
{
    return std::realloc(block, size);
}

} // namespace

bool keep_record_memory() noexcept
{
    return CRYPTO_set_mem_functions(take, change, give) == 1;
}

} // namespace ferrule::tls
