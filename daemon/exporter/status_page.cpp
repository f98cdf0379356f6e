#include "exporter/status_page.hpp"

#include "base/check.hpp"
#include "exporter/status_page_html.hpp" // written by CMake (cmake/embed.cmake)

#include <openssl/evp.h>

#include <array>

namespace ferrule::exporter {

namespace {

/// What stands between the tags of the only element of that name. A hash is of exactly that.
std::string_view inside_of(const std::string& element)
{
    const std::string_view page = status_page_html;
    const auto begin = page.find("<" + element + ">");
    const auto end = page.find("</" + element + ">");
    CHECK(begin < end && end != page.npos, "the status page has one style and one script");
    const auto start = begin + element.size() + 2;
    return page.substr(start, end - start);
}

/// "'sha256-…'", as a policy names an inline style or script. An openssl.cnf may leave no SHA-256:
/// then none is allowed, and the page is bare.
std::string hash_of(std::string_view text)
{
    std::array<unsigned char, 32> digest{};
    if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
        return "'none'";
    std::array<unsigned char, 45> base64{}; // of 32 bytes, and a 0 behind it
    const int size = EVP_EncodeBlock(base64.data(), digest.data(), digest.size());
    return "'sha256-" + std::string(base64.begin(), base64.begin() + size) + "'";
}

} // namespace

std::string_view status_page()
{
    return status_page_html;
}

const std::string& status_page_policy()
{
    static const std::string policy =
        "default-src 'none'; img-src data:; connect-src 'self'; script-src " +
        hash_of(inside_of("script")) + "; style-src " + hash_of(inside_of("style")) +
        "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    return policy;
}

} // namespace ferrule::exporter
