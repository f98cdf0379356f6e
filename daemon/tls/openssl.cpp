#include "tls/openssl.hpp"

#include <openssl/err.h>

#include <limits>
#include <stdexcept>
#include <system_error>

namespace ferrule::tls {

ssl_ctx_ptr new_context()
{
    ssl_ctx_ptr native(SSL_CTX_new(TLS_server_method()));
    if (!native)
        throw std::runtime_error("OpenSSL cannot make a TLS context: " + take_failure().text);
    return native;
}

SSL_CTX* context_for_trying()
{
    thread_local const ssl_ctx_ptr scratch = new_context();
    return scratch.get();
}

bio_ptr reading_from(const std::string& text)
{
    if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        throw std::runtime_error("the text is too long");
    bio_ptr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    if (!bio)
        throw std::runtime_error(take_failure().text);
    return bio;
}

failure take_failure()
{
    const unsigned long oldest = ERR_get_error();
    ERR_clear_error();
    if (oldest == 0)
        return {0, 0, "OpenSSL gave no reason"};
    if (ERR_SYSTEM_ERROR(oldest)) {
        const int number = ERR_GET_REASON(oldest);
        return {ERR_LIB_SYS, number, std::generic_category().message(number)};
    }
    const char* const reason = ERR_reason_error_string(oldest);
    return {ERR_GET_LIB(oldest), ERR_GET_REASON(oldest),
            reason != nullptr ? reason : "OpenSSL error " + std::to_string(oldest)};
}

} // namespace ferrule::tls
