// The keys that session tickets are encrypted with (RFC 5077, section 4; RFC 8446, section 4.6.1).
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace ferrule::tls {

/// Secret: wiped when it is dropped, copies by themselves. In order: 16 bytes of name, which stand
/// in the ticket for everybody to see, 32 bytes for HMAC-SHA256, and 32 bytes for AES-256-CBC.
struct ticket_key {
    static constexpr std::size_t size = 80;
    static constexpr std::size_t name_size = 16;

    ticket_key() = default;
    ticket_key(const ticket_key&) = default;
    ticket_key& operator=(const ticket_key&) = default;
    ~ticket_key();

    friend bool operator==(const ticket_key&, const ticket_key&) = default;

    std::array<unsigned char, size> bytes{};
};

/// The first encrypts new tickets, all decrypt.
using ticket_keys = std::vector<ticket_key>;

/// A random ticket key. Throws std::runtime_error if there is no randomness.
ticket_key make_ticket_key();

/// More would slow down each handshake with a ticket that nobody knows, and no rotation needs them.
inline constexpr std::size_t max_ticket_keys = 16;

/// `errors` is empty exactly if there are 1 to `max_ticket_keys` keys; else there are none. No
/// error quotes the text: "line 3 of the file is not base64". After `max_ticket_errors` of them
/// the rest of the file is not looked at.
inline constexpr std::size_t max_ticket_errors = 8;
struct ticket_keys_reading {
    ticket_keys keys;
    std::vector<std::string> errors;
};

/// Reads a file with one key in each line: base64 of `ticket_key::size` bytes. What follows a '#'
/// is a comment; blank lines are passed over. Two keys of the same name are an error.
ticket_keys_reading read_ticket_keys(const std::string& text);

} // namespace ferrule::tls
