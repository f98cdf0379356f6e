#include "base/secret_text.hpp"

#include <utility>

#include <string.h> // explicit_bzero(3), which <cstring> need not declare

namespace ferrule::base {

void wipe(std::string& text) noexcept
{
    explicit_bzero(text.data(), text.size());
    text.clear();
}

secret_text::secret_text(std::string&& text) : text_(std::move(text))
{
    // A short text was copied and not moved. What is beyond the size is ours to write as well.
    text.resize(text.capacity());
    wipe(text);
}

secret_text::secret_text(secret_text&& other) noexcept
{
    text_.swap(other.text_);
}

secret_text& secret_text::operator=(const secret_text& other)
{
    if (this != &other)
        *this = secret_text(other);
    return *this;
}

secret_text& secret_text::operator=(secret_text&& other) noexcept
{
    text_.swap(other.text_); // `other` wipes it
    return *this;
}

secret_text::~secret_text()
{
    wipe(text_);
}

} // namespace ferrule::base
