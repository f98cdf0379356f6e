// Reads the Prometheus text format as far as the tests need it.
#pragma once

#include <optional>
#include <set>
#include <sstream>
#include <string>

namespace ferrule::test {

/// The value of a series, written exactly as in the exposition: `name{label="value"}`.
inline std::optional<double> value_of(const std::string& exposition, const std::string& series)
{
    std::istringstream lines(exposition);
    for (std::string line; std::getline(lines, line);)
        if (line.rfind(series + " ", 0) == 0)
            return std::stod(line.substr(series.size() + 1));
    return std::nullopt;
}

/// How many series begin like this.
inline int count_of(const std::string& exposition, const std::string& start)
{
    std::istringstream lines(exposition);
    int count = 0;
    for (std::string line; std::getline(lines, line);)
        count += line.rfind(start, 0) == 0;
    return count;
}

/// The names and types of all metrics: "ferrule_bytes_total counter".
inline std::set<std::string> families_of(const std::string& exposition)
{
    static const std::string mark = "# TYPE ";
    std::istringstream lines(exposition);
    std::set<std::string> found;
    for (std::string line; std::getline(lines, line);)
        if (line.rfind(mark, 0) == 0)
            found.insert(line.substr(mark.size()));
    return found;
}

} // namespace ferrule::test
