// Who may see the metrics: basic authentication (RFC 7617), with the slow hashes of crypt(3).
#pragma once

#include "base/password.hpp"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ferrule::exporter {

/// Checks passwords on a thread of its own, one after the other, so that neither a slow hash nor
/// somebody who guesses holds up a scrape. A password that was good is remembered (as a keyed
/// hash), and costs nothing from then on. Its functions belong to the thread that runs `home`.
class password_gate {
public:
    enum class verdict : std::uint8_t {
        good,
        bad,  ///< none was given, or not the right one
        busy, ///< so many wait to be checked that this one was not
    };

    /// `home` must outlive it.
    explicit password_gate(boost::asio::io_context& home);

    /// Waits for the check that is under way.
    ~password_gate();
    password_gate(const password_gate&) = delete;
    password_gate& operator=(const password_gate&) = delete;

    /// From now on these may pass; none: everybody may.
    void let_pass(std::vector<base::password_entry> users);
    bool is_open() const noexcept { return users_.empty(); }

    /// `authorization` is the field of that name, empty if there was none. `answer` is called
    /// before this returns, or later from `home`.
    void check(std::string_view authorization, std::function<void(verdict)> answer);

private:
    struct job;
    static bool is_right(const job& work);

    using digest = std::string;

    digest digest_of(const std::string& user, const std::string& password) const;
    bool can_check();

    boost::asio::io_context& home_;
    std::vector<base::password_entry> users_;
    std::map<std::string, digest> known_good_; ///< by user: the last good one
    std::uint64_t generation_ = 0;             ///< of `users_`
    std::size_t waiting_ = 0;
    std::string key_; ///< random: the digests are worth nothing outside of this process

    boost::asio::io_context checks_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> stay_;
    std::atomic<bool> stopping_{false};
    std::thread thread_; ///< started with the first check
};

} // namespace ferrule::exporter
