// `ferrule probe`
#include "trials/probe/probe.hpp"

#include "commands/commands.hpp"

#include <CLI/CLI.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

namespace ferrule::commands {

namespace {

/// What the command line says.
struct choices {
    CLI::App* probe = nullptr;
    CLI::Option* server_name = nullptr;
    std::string where;
    std::string text;
    std::string sni;
    std::string alpn;
    std::string version;
    double timeout_seconds = 5;
    std::size_t connections = 0;
    bool as_json = false;

    probe::request request() const;
};

/// Throws std::invalid_argument with what is wrong.
probe::request choices::request() const
{
    probe::request asked;
    asked.where = probe::read_target(where);
    asked.text = probe::unescape(text);
    asked.server_name = server_name->count() > 0 ? sni : probe::server_name_of(asked.where.host);
    if (!alpn.empty())
        asked.alpn = probe::read_protocols(alpn);
    if (version == "1.2")
        asked.versions = {probe::tls_version::tls12};
    if (version == "1.3")
        asked.versions = {probe::tls_version::tls13};
    asked.timeout = base::milliseconds{std::lround(timeout_seconds * 1000)};
    asked.connections = connections;
    return asked;
}

int run_probe(const choices& typed)
{
    probe::request asked;
    try {
        asked = typed.request();
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "ferrule probe: %s\n", error.what());
        return exit_usage;
    }
    const probe::findings found = probe::run(asked);
    if (typed.as_json)
        std::fputs(probe::as_json(found, asked).c_str(), stdout);
    else if (found.error.empty())
        std::fputs(probe::in_words(found, asked).c_str(), stdout);
    if (!found.error.empty())
        std::fprintf(stderr, "ferrule probe: %s: %s\n", found.target.c_str(), found.error.c_str());
    return found.sum == probe::overall::truthful ? exit_fine : exit_failed;
}

} // namespace

command add_probe(CLI::App& app)
{
    const auto typed = std::make_shared<choices>();
    choices& c = *typed;
    c.probe = app.add_subcommand("probe", "ask any TLS endpoint how it ends connections");
    c.probe->add_option("HOST:PORT", c.where, "the endpoint; its certificate is not verified")
        ->required();
    c.probe->add_option("--send", c.text,
                        "what to say first, with \\r \\n \\t \\\\ \\xNN; it is sent several times");
    c.server_name = c.probe->add_option("--sni", c.sni, "server name to ask for, instead of HOST");
    c.probe->add_option("--alpn", c.alpn, "protocols to offer, such as h2,http/1.1");
    c.probe->add_option("--tls", c.version, "only this version: 1.2 or 1.3")
        ->check(CLI::IsMember({"1.2", "1.3"}));
    c.probe->add_option("--timeout", c.timeout_seconds, "how many seconds to wait in silence")
        ->check(CLI::Range(0.1, 600.0))
        ->capture_default_str();
    c.probe
        ->add_option("--connections", c.connections,
                     "make so many, instead of one for each question (10 at most)")
        ->check(CLI::Range(1, 1000));
    c.probe->add_flag("--json", c.as_json, "print the facts and verdicts as JSON, for programs");
    return {c.probe, [typed] { return run_probe(*typed); }};
}

} // namespace ferrule::commands
