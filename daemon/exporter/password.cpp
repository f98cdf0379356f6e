#include "exporter/password.hpp"

#include "base/thread.hpp"

#include <boost/asio/post.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace ferrule::exporter {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// More than that are turned away, so that those who wait are answered in time.
constexpr std::size_t waiting_max = 8;

/// After a bad password: bounds what guessing costs us, and how fast it is.
constexpr auto pause_after_bad = 200ms;

constexpr std::size_t key_bytes = 32;

struct credentials {
    std::string user;
    std::string password;
};

/// RFC 4648 4, strictly; nullopt if it is not.
std::optional<std::string> from_base64(std::string_view text)
{
    if (text.empty() || text.size() % 4 != 0)
        return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    std::string bytes(text.size() / 4 * 3, '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    if (size < static_cast<int>(padding))
        return std::nullopt;
    bytes.resize(static_cast<std::size_t>(size) - padding);
    return bytes;
}

bool is_basic(std::string_view scheme)
{
    constexpr std::string_view basic = "basic"; // whatever its case (RFC 9110 11.1)
    return std::equal(scheme.begin(), scheme.end(), basic.begin(), basic.end(),
                      [](char one, char other) { return (one | 0x20) == other; });
}

std::optional<credentials> parse(std::string_view authorization)
{
    const std::size_t blank = authorization.find(' ');
    if (blank == authorization.npos || !is_basic(authorization.substr(0, blank)))
        return std::nullopt;
    authorization.remove_prefix(
        std::min(authorization.find_first_not_of(' ', blank), authorization.size()));
    const auto text = from_base64(authorization);
    const std::size_t colon = text ? text->find(':') : std::string::npos;
    if (colon == std::string::npos)
        return std::nullopt;
    return credentials{text->substr(0, colon), text->substr(colon + 1)};
}

} // namespace

password_gate::password_gate(asio::io_context& home)
    : home_{home}, key_(key_bytes, '\0'), stay_{asio::make_work_guard(checks_)}
{
    if (RAND_bytes(reinterpret_cast<unsigned char*>(key_.data()), key_bytes) != 1)
        throw std::runtime_error("OpenSSL has no random bytes");
}

password_gate::~password_gate()
{
    stopping_ = true;
    checks_.stop();
    if (thread_.joinable())
        thread_.join();
}

void password_gate::let_pass(std::vector<base::password_entry> users)
{
    if (users == users_)
        return;
    users_ = std::move(users);
    known_good_.clear();
    ++generation_;
}

password_gate::digest password_gate::digest_of(const std::string& user,
                                               const std::string& password) const
{
    const std::string both = user + ':' + password; // a user has no ':'
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
             reinterpret_cast<const unsigned char*>(both.data()), both.size(), bytes.data(),
             &size) == nullptr)
        throw std::runtime_error("OpenSSL cannot hash");
    return {bytes.begin(), bytes.begin() + size};
}

/// False if there can be no thread now.
bool password_gate::can_check()
try {
    if (!thread_.joinable())
        thread_ = base::start_thread("ferrule-passwd", [this] { checks_.run(); });
    return true;
} catch (const std::system_error&) {
    return false;
}

/// A password on its way to the thread that checks it, and the answer on its way back.
struct password_gate::job {
    credentials given;
    std::string hash; ///< of that user, or of another one if there is no such user
    bool is_user = false;
    std::uint64_t generation = 0;
    std::function<void(verdict)> answer;
    bool is_good = false;
};

bool password_gate::is_right(const job& work)
try {
    return base::is_password(work.given.password, work.hash) && work.is_user;
} catch (const std::bad_alloc&) {
    return false;
}

void password_gate::check(std::string_view authorization, std::function<void(verdict)> answer)
{
    if (is_open())
        return answer(verdict::good);
    auto given = parse(authorization);
    if (!given)
        return answer(verdict::bad);
    const digest seen = digest_of(given->user, given->password);
    if (const auto known = known_good_.find(given->user);
        known != known_good_.end() && known->second.size() == seen.size() &&
        CRYPTO_memcmp(known->second.data(), seen.data(), seen.size()) == 0)
        return answer(verdict::good);
    if (waiting_ >= waiting_max || !can_check())
        return answer(verdict::busy);

    const auto user = std::find_if(users_.begin(), users_.end(),
                                   [&](const auto& each) { return each.user == given->user; });
    const bool is_user = user != users_.end();
    // The time that an answer takes does not tell which users there are.
    const std::string& hash = is_user ? user->hash : users_.front().hash;
    ++waiting_;
    asio::post(checks_, [this, work = std::make_shared<job>(job{std::move(*given), hash, is_user,
                                                                generation_, std::move(answer),
                                                                false})]() mutable {
        const bool is_good = is_right(*work);
        work->is_good = is_good;
        asio::post(home_, [this, done = std::move(work)] {
            --waiting_;
            const auto& [user_name, password] = done->given;
            if (done->is_good && done->generation == generation_)
                known_good_[user_name] = digest_of(user_name, password);
            done->answer(done->is_good ? verdict::good : verdict::bad);
        });
        if (!is_good && !stopping_)
            std::this_thread::sleep_for(pause_after_bad);
    });
}

} // namespace ferrule::exporter
