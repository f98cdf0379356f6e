#include "base/password.hpp"

#include <crypt.h>
#include <string.h>

#include <algorithm>
#include <memory>

namespace ferrule::base {

namespace {

/// What crypt(3) makes of a password with the settings of a hash; empty if it cannot. It takes 32
/// KiB of working memory, in which traces of the password are left, so it is wiped.
std::string hashed(const std::string& password, const std::string& settings)
{
    const auto memory = std::make_unique<crypt_data>();
    const char* const result = crypt_r(password.c_str(), settings.c_str(), memory.get());
    std::string hash = result == nullptr || result[0] == '*' ? "" : result;
    explicit_bzero(memory.get(), sizeof *memory);
    return hash;
}

/// Takes as long for strings that differ at once as for those that differ at the end.
bool are_equal(std::string_view one, std::string_view other)
{
    if (one.size() != other.size())
        return false;
    volatile unsigned char difference = 0;
    for (std::size_t i = 0; i < one.size(); ++i)
        difference = static_cast<unsigned char>(difference | (one[i] ^ other[i]));
    return difference == 0;
}

/// Why a hash is none that crypt(3) could have written; empty if it is.
std::string flaw_of(const std::string& hash)
{
    if (!hash.starts_with('$'))
        return "what follows the user is not a hash";
    switch (crypt_checksalt(hash.c_str())) {
    case CRYPT_SALT_OK: break;
    case CRYPT_SALT_METHOD_LEGACY:
    case CRYPT_SALT_TOO_CHEAP: return "the hash is of a kind that is too weak";
    default: return "the hash is of a kind that crypt(3) does not know";
    }
    // A good beginning says nothing of the rest: it may be cut off.
    const std::string example = hashed("", hash);
    const std::size_t settings = example.rfind('$');
    if (example.size() != hash.size() || example.compare(0, settings, hash, 0, settings) != 0)
        return "the hash is not complete";
    return {};
}

std::string flaw_of(const password_entry& entry, const std::vector<password_entry>& before)
{
    if (entry.user.empty())
        return "has no user before the ':'";
    if (std::any_of(before.begin(), before.end(),
                    [&](const auto& each) { return each.user == entry.user; }))
        return "the user stands there already";
    return flaw_of(entry.hash);
}

} // namespace

password_file read_password_file(std::string_view text)
{
    password_file file;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        if (!line.empty() && line.back() == '\r')
            line.remove_suffix(1);
        if (line.empty() || line.front() == '#')
            continue;
        const std::size_t colon = line.find(':');
        const std::string where = "line " + std::to_string(number) + ": ";
        if (colon == line.npos)
            return {{}, where + "has no ':' between user and hash"};
        password_entry entry{std::string(line.substr(0, colon)),
                             std::string(line.substr(colon + 1))};
        if (const std::string flaw = flaw_of(entry, file.entries); !flaw.empty())
            return {{}, where + flaw};
        file.entries.push_back(std::move(entry));
    }
    if (file.entries.empty())
        file.problem = "names no user";
    return file;
}

bool is_password(const std::string& password, const std::string& hash)
{
    // A zero byte would end it for crypt(3), and what follows would not matter.
    if (password.find('\0') != std::string::npos)
        return false;
    const std::string made = hashed(password, hash);
    return !made.empty() && are_equal(made, hash);
}

} // namespace ferrule::base
