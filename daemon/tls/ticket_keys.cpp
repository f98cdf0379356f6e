#include "tls/ticket_keys.hpp"

#include "tls/openssl.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace ferrule::tls {

namespace {

/// Bytes that are wiped when they are dropped.
class secret_bytes {
public:
    explicit secret_bytes(std::size_t size) : bytes_(size) {}
    ~secret_bytes() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
    secret_bytes(const secret_bytes&) = delete;
    secret_bytes& operator=(const secret_bytes&) = delete;

    unsigned char* data() noexcept { return bytes_.data(); }

private:
    std::vector<unsigned char> bytes_;
};

std::string_view without_comment(std::string_view line)
{
    line = line.substr(0, line.find('#'));
    const auto begin = line.find_first_not_of(" \t\r");
    return begin == line.npos ? std::string_view()
                              : line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
}

const unsigned char* bytes_of(std::string_view text)
{
    return reinterpret_cast<const unsigned char*>(text.data());
}

/// Returns what is wrong with the line; nothing, and the key, if it is good.
std::string read_line(std::string_view line, ticket_key& key)
{
    const auto size = static_cast<int>(line.size()); // files have at most 1 MiB
    secret_bytes decoded(line.size() + 1);
    int count = line.size() % 4 == 0 ? EVP_DecodeBlock(decoded.data(), bytes_of(line), size) : -1;
    take_failure();
    // Zeros in place of the padding are counted as well.
    count -= static_cast<int>(line.ends_with("==")) + static_cast<int>(line.ends_with('='));
    // OpenSSL is generous about white space and what stands behind the padding: only what it would
    // write itself is good.
    secret_bytes encoded(line.size() + 4);
    if (count < 0 || EVP_EncodeBlock(encoded.data(), decoded.data(), count) != size ||
        CRYPTO_memcmp(encoded.data(), line.data(), line.size()) != 0)
        return "is not base64";
    if (static_cast<std::size_t>(count) != ticket_key::size)
        return "has " + std::to_string(count) + (count == 1 ? " byte" : " bytes") +
               ", and a key has " + std::to_string(ticket_key::size);
    std::memcpy(key.bytes.data(), decoded.data(), ticket_key::size);
    return key == ticket_key() ? "is a key of zeros, which anybody can guess" : std::string();
}

bool have_same_name(const ticket_key& one, const ticket_key& other)
{
    return std::equal(one.bytes.begin(), one.bytes.begin() + ticket_key::name_size,
                      other.bytes.begin());
}

} // namespace

ticket_key::~ticket_key()
{
    OPENSSL_cleanse(bytes.data(), bytes.size());
}

ticket_key make_ticket_key()
{
    ticket_key key;
    if (RAND_priv_bytes(key.bytes.data(), static_cast<int>(key.bytes.size())) != 1)
        throw std::runtime_error("no randomness for a ticket key: " + take_failure().text);
    return key;
}

ticket_keys_reading read_ticket_keys(const std::string& text)
{
    if (text.find("-----BEGIN ") != text.npos)
        return {{}, {"is PEM, a certificate or a private key"}};
    ticket_keys_reading result;
    std::vector<std::size_t> line_of; // of each key
    std::string_view rest = text;
    for (std::size_t number = 1; !rest.empty() && result.errors.size() < max_ticket_errors;
         ++number) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = without_comment(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.empty())
            continue;
        ticket_key key;
        std::string error = read_line(line, key);
        const auto same = std::ranges::find_if(
            result.keys, [&](const ticket_key& known) { return have_same_name(known, key); });
        if (error.empty() && same != result.keys.end())
            error = (*same == key ? "repeats the key of line "
                                  : "begins with the same 16 bytes as line ") +
                    std::to_string(line_of[static_cast<std::size_t>(same - result.keys.begin())]);
        if (error.empty() && result.keys.size() == max_ticket_keys)
            error = "is one key too many: " + std::to_string(max_ticket_keys) + " are the most";
        if (!error.empty()) {
            result.errors.push_back("line " + std::to_string(number) + " of the file " + error);
            continue;
        }
        result.keys.push_back(key);
        line_of.push_back(number);
    }
    if (result.keys.empty() && result.errors.empty())
        result.errors.emplace_back("holds no key");
    if (!result.errors.empty())
        result.keys.clear();
    return result;
}

} // namespace ferrule::tls
