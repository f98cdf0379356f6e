// Passwords as files keep them: hashed by crypt(3), never as they are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ferrule::base {

/// One line of a password file.
struct password_entry {
    std::string user;
    std::string hash; ///< secret: never logged

    friend bool operator==(const password_entry&, const password_entry&) = default;
};

/// `problem` is empty exactly if there is at least one entry.
struct password_file {
    std::vector<password_entry> entries;
    std::string problem; ///< "line 3: has no ':' between user and hash"; quotes no hash
};

/// Reads lines "user:hash"; empty ones and those that begin with '#' are passed over. Checks that
/// each user stands there once, and each hash by hashing something with it, which takes as long as
/// checking a password does.
password_file read_password_file(std::string_view text);

/// True if the hash is of this password. Takes as long as the hash was made to take, milliseconds
/// to seconds: not for a thread that others wait for. Compares in constant time.
bool is_password(const std::string& password, const std::string& hash);

} // namespace ferrule::base
