// Text that nobody may find in freed memory.
#pragma once

#include <string>

namespace ferrule::base {

/// Overwrites the bytes of `text` and empties it.
void wipe(std::string& text) noexcept;

/// A text that is overwritten when it is dropped or replaced. A copy is a secret of its own. Not
/// for any log: whoever wants to see it has to say so (`reveal`).
class secret_text {
public:
    secret_text() = default;

    /// Takes the text over; what is left in `text` is wiped.
    explicit secret_text(std::string&& text);

    secret_text(const secret_text&) = default;
    secret_text(secret_text&& other) noexcept;
    secret_text& operator=(const secret_text& other);
    secret_text& operator=(secret_text&& other) noexcept;
    ~secret_text();

    const std::string& reveal() const noexcept { return text_; }
    bool empty() const noexcept { return text_.empty(); }

    friend bool operator==(const secret_text&, const secret_text&) = default;

private:
    std::string text_;
};

} // namespace ferrule::base
