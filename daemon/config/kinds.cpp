#include "config/kinds.hpp"

#include "yaml/scalars.hpp"

#include <charconv>
#include <filesystem>
#include <system_error>

namespace ferrule::config {

std::optional<milliseconds> duration::read(const yaml::field& from, yaml::report& out) const
{
    return yaml::read_duration(from, {low, high, may_be_off}, out);
}

std::string duration::text(milliseconds value) const
{
    return may_be_off && value == base::off ? "off" : yaml::duration_text(value);
}

std::string duration::allowed() const
{
    return yaml::range_text(yaml::duration_range{low, high, may_be_off});
}

std::optional<std::uint64_t> size::read(const yaml::field& from, yaml::report& out) const
{
    return yaml::read_size(from, {low, high}, out);
}

std::string size::text(std::uint64_t value) const
{
    return yaml::size_text(value);
}

std::string size::allowed() const
{
    return yaml::size_range_text({low, high});
}

std::optional<std::uint64_t> number::read(const yaml::field& from, yaml::report& out) const
{
    return word.empty() ? yaml::read_number(from, {low, high}, out)
                        : yaml::read_number_or(word, from, {low, high}, out);
}

std::string number::text(std::uint64_t value) const
{
    return value == 0 && !word.empty() ? std::string(word) : std::to_string(value);
}

std::string number::allowed() const
{
    const std::string range = yaml::range_text(yaml::number_range{low, high});
    return word.empty() ? range : std::string(word) + ", or " + range;
}

std::optional<std::string> log_target::read(const yaml::field& from, yaml::report& out) const
{
    const auto target = yaml::read_text(from, out);
    if (!target || *target == "stderr" || *target == "stdout")
        return target;
    if (!target->starts_with('/')) {
        out.error(from.at(), from.path, yaml::in_quotes(*target) + " is not a log target",
                  "stderr, stdout, or a path that begins with /");
        return std::nullopt;
    }
    std::error_code ignored;
    const std::filesystem::path path(*target);
    if (std::filesystem::is_directory(path, ignored)) {
        out.error(from.at(), from.path, yaml::in_quotes(*target) + " is a folder",
                  "name a file in it");
        return std::nullopt;
    }
    if (!std::filesystem::is_directory(path.parent_path(), ignored)) {
        out.error(from.at(), from.path,
                  yaml::in_quotes(*target) + " is in " +
                      yaml::in_quotes(path.parent_path().string()) + ", which is no folder",
                  "make it, with the user that Ferrule runs as for its owner");
        return std::nullopt;
    }
    return target;
}

std::optional<unsigned> file_mode::read(const yaml::field& from, yaml::report& out) const
{
    const auto written = yaml::read_text(from, out);
    if (!written)
        return std::nullopt;
    unsigned mode = 0;
    const char* const end = written->data() + written->size();
    const auto [stopped, error] = std::from_chars(written->data(), end, mode, 8);
    const bool is_octal = error == std::errc{} && stopped == end && written->starts_with('0');
    if (is_octal && written->size() == 4 && mode <= 0777 && (mode & 0600U) == 0600U)
        return mode;
    out.error(from.at(), from.path,
              yaml::in_quotes(*written) + " is not a mode that a socket can have",
              "0600 (the owner), 0660 (and its group), or 0666 (everybody)");
    return std::nullopt;
}

std::string file_mode::text(unsigned value) const
{
    std::string digits(4, '0');
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, value /= 8)
        *digit = static_cast<char>('0' + value % 8);
    return digits;
}

} // namespace ferrule::config
