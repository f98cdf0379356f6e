#include "trials/demo/text.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace ferrule::demo {

namespace {

constexpr std::string_view page_template =
    R"(This page came through Ferrule: TLS from you to it, plain TCP from it to this server.
When a connection ends, Ferrule writes one line that says how. Try these and look at the lines.

The client ends after its answer                               expect client_eof
    curl -k https://{host}/bytes/1000000 -o /dev/null

An upload that comes back                                      expect client_eof
    head -c 1000000 /dev/zero | curl -k -T - https://{host}/ -o /dev/null

The server's end is the end of the body                        expect backend_eof
    curl -k https://{host}/stream/1000000 -o /dev/null

A client that dies before its upload is whole                  expect client_truncated
    sleep 3 | timeout -s KILL 1 curl -k -T - https://{host}/

A client that dies while it is sent an answer                  expect client_reset
    timeout -s KILL 1 curl -k --limit-rate 1M https://{host}/bytes/1000000000 -o /dev/null

A server that crashes in the middle of an answer               expect backend_reset
    curl -k https://{host}/reset/1000000 -o /dev/null

In the last one curl reports an error, as it should: the answer was not whole. In the two before it
the server got a reset, so that it cannot take half an upload for a whole one.
)";

bool is_harmless(std::string_view host)
{
    return !host.empty() && host.size() <= 100 && std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view(".-:[]").find(c) != std::string_view::npos;
    });
}

std::string make_filler()
{
    constexpr std::string_view line =
        "0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXY\n";
    static_assert(line.size() == 64);
    std::string text;
    while (text.size() < 64 * 1024)
        text += line;
    return text;
}

} // namespace

demo_target target_of(std::string_view target)
{
    target = target.substr(0, target.find('?'));
    if (target == "/")
        return {.page = demo_page::start};
    constexpr std::pair<std::string_view, demo_page> counted[] = {{"/bytes/", demo_page::bytes},
                                                                  {"/stream/", demo_page::stream},
                                                                  {"/reset/", demo_page::reset}};
    for (const auto& [path, page] : counted) {
        if (!target.starts_with(path))
            continue;
        const std::string_view number = target.substr(path.size());
        std::uint64_t count = 0;
        const char* const end = number.data() + number.size();
        const auto [rest, error] = std::from_chars(number.data(), end, count);
        return {page, count, error != std::errc() || rest != end || count > most_demo_bytes};
    }
    return {};
}

std::string start_page(std::string_view host)
{
    constexpr std::string_view mark = "{host}";
    const std::string_view shown = is_harmless(host) ? host : "localhost:8443";
    std::string page(page_template);
    for (auto at = page.find(mark); at != std::string::npos; at = page.find(mark, at))
        page.replace(at, mark.size(), shown);
    return page;
}

std::string_view filler()
{
    static const std::string text = make_filler();
    return text;
}

} // namespace ferrule::demo
