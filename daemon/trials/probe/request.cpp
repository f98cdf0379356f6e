#include "trials/probe/request.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <stdexcept>

namespace ferrule::probe {

namespace {

constexpr std::size_t longest_protocol = 255;

bool needs_text(question asked)
{
    return asked == question::half_close || asked == question::last_bytes;
}

[[noreturn]] void refuse(const std::string& why)
{
    throw std::invalid_argument(why);
}

} // namespace

target read_target(std::string_view text)
{
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos)
        refuse("'" + std::string{text} + "' has no port; write HOST:PORT");
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos)
        refuse("an IPv6 address stands in brackets: [::1]:443");
    if (host.empty() || host.find_first_of("[]/@ ") != std::string_view::npos)
        refuse("'" + std::string{text} + "' has no host; write HOST:PORT");
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc{} || end != port.data() + port.size() || number == 0)
        refuse("'" + std::string{port} + "' is not a port; it is a number from 1 to 65535");
    return {std::string{host}, std::string{port}};
}

std::string server_name_of(const std::string& host)
{
    in6_addr room{};
    const bool is_literal = inet_pton(AF_INET, host.c_str(), &room) == 1 ||
                            inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), &room) == 1;
    return is_literal ? std::string{} : host;
}

std::string unescape(std::string_view text)
{
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\') {
            plain += text[at];
            continue;
        }
        const std::string_view rest = text.substr(at + 1);
        unsigned char value = 0;
        switch (rest.empty() ? '\0' : rest.front()) {
        case 'r': plain += '\r'; break;
        case 'n': plain += '\n'; break;
        case 't': plain += '\t'; break;
        case '\\': plain += '\\'; break;
        case 'x':
            if (rest.size() < 3 ||
                std::from_chars(rest.data() + 1, rest.data() + 3, value, 16).ptr != rest.data() + 3)
                refuse("\\x at character " + std::to_string(at + 1) +
                       " is followed by two hexadecimal digits, as in \\x00");
            plain += static_cast<char>(value);
            at += 2;
            break;
        default:
            refuse("the backslash at character " + std::to_string(at + 1) +
                   " begins no escape; there are \\r \\n \\t \\\\ \\xNN");
        }
        ++at;
    }
    return plain;
}

std::vector<std::string> read_protocols(std::string_view text)
{
    std::vector<std::string> names;
    for (std::size_t from = 0; from <= text.size();) {
        const std::size_t end = std::min(text.find(',', from), text.size());
        names.emplace_back(text.substr(from, end - from));
        if (names.back().empty() || names.back().size() > longest_protocol)
            refuse("an ALPN name has 1 to 255 bytes; write them as in h2,http/1.1");
        from = end + 1;
    }
    return names;
}

std::vector<step> plan(const request& asked)
{
    std::vector<step> round;
    for (int number = 0; number < question_count; ++number) {
        const auto next = static_cast<question>(number);
        if (needs_text(next) && asked.text.empty())
            continue;
        for (const tls_version version : asked.versions)
            round.push_back({next, version});
    }
    const std::size_t count = asked.connections == 0 ? round.size() : asked.connections;
    std::vector<step> steps;
    while (steps.size() < count)
        steps.push_back(round[steps.size() % round.size()]);
    return steps;
}

} // namespace ferrule::probe
