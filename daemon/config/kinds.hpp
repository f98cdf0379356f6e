// The kinds of values that keys have. A kind reads a value and reports what is wrong with it; it
// also has the words for what it allows, and for a value as a file has it. Tests hold the manual
// against these words.
#pragma once

#include "config/settings.hpp"
#include "yaml/values.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ferrule::config {

inline constexpr bool or_off = true; ///< of a duration that may be `off`

/// A duration; both limits are allowed. `off` is stored as `base::off`.
struct duration {
    milliseconds low{};
    milliseconds high{};
    bool may_be_off = false;

    std::optional<milliseconds> read(const yaml::field& from, yaml::report& out) const;
    std::string text(milliseconds value) const;
    std::string allowed() const; ///< "100ms to 1h, or off"
};

/// Bytes; both limits are allowed.
struct size {
    std::uint64_t low = 0;
    std::uint64_t high = 0;

    std::optional<std::uint64_t> read(const yaml::field& from, yaml::report& out) const;
    std::string text(std::uint64_t value) const;
    std::string allowed() const; ///< "0B to 1GiB"
};

/// A number; both limits are allowed. `word`, if there is one, is stored as 0.
struct number {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::string_view word = {};

    std::optional<std::uint64_t> read(const yaml::field& from, yaml::report& out) const;
    std::string text(std::uint64_t value) const;
    std::string allowed() const; ///< "auto, or 1 to 256"
};

/// One of a few words, which `to_text` spells. `noun` is what a finding calls one: "a log level".
template <class Word, std::size_t count>
struct words {
    std::array<Word, count> choices;
    const char* noun;

    std::optional<Word> read(const yaml::field& from, yaml::report& out) const
    {
        return yaml::read_word(from, choices, noun, out);
    }

    std::string text(Word value) const { return std::string(to_text(value)); }

    /// "wait, notify, abort"
    std::string allowed() const
    {
        std::string all;
        for (const Word each : choices)
            all += (all.empty() ? "" : ", ") + text(each);
        return all;
    }
};

template <class Word, std::size_t count>
words(std::array<Word, count>, const char*) -> words<Word, count>;

/// `log.target`. The folder of a file has to be there.
struct log_target {
    std::optional<std::string> read(const yaml::field& from, yaml::report& out) const;
    std::string text(const std::string& value) const { return value; }
    std::string allowed() const { return "stderr, stdout, an absolute path"; }
};

/// The mode of a file, in the octal digits that chmod(1) takes. Its owner may read and write.
struct file_mode {
    std::optional<unsigned> read(const yaml::field& from, yaml::report& out) const;
    std::string text(unsigned value) const;
    std::string allowed() const { return "four octal digits, with 6 or 7 for the owner"; }
};

} // namespace ferrule::config
