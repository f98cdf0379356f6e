#include "process/load_settings.hpp"

#include "base/text_file.hpp"
#include "process/tls_options.hpp"
#include "tls/context.hpp"
#include "tls/ticket_keys.hpp"

#include <filesystem>
#include <utility>

namespace ferrule::process {

namespace {

using tls::problem;
using about = config::tls_finding::about;

about place_of(problem::about which)
{
    switch (which) {
    case problem::about::certificate: return about::certificate;
    case problem::about::key: return about::key;
    case problem::about::ciphers: return about::ciphers;
    case problem::about::suites: return about::suites;
    case problem::about::groups: return about::groups;
    case problem::about::versions: break;
    }
    return about::versions;
}

/// Warnings say all there is to say; an error is easier to mend with a hint.
std::string fix_for(const problem& found)
{
    if (found.is_warning || !found.fix.empty())
        return found.fix;
    switch (found.which) {
    case problem::about::certificate: return "a PEM file: the certificate, then its chain";
    case problem::about::key: return "the certificate's private key, as PEM without a passphrase";
    case problem::about::ciphers: return "`openssl ciphers -s -tls1_2 ALL` lists them";
    case problem::about::suites: return "`openssl ciphers -s -tls1_3` lists them";
    case problem::about::groups: return "such as X25519:P-256:P-384";
    case problem::about::versions: break;
    }
    return {};
}

const char* const fix_for_ticket_keys =
    "one key in each line; `openssl rand -base64 80 | tr -d '\\n'` makes one";

void inspect_ticket_keys(const config::tls_settings& options,
                         std::vector<config::tls_finding>& findings)
{
    if (options.ticket_keys_path.empty())
        return;
    for (std::string& error : tls::read_ticket_keys(options.ticket_keys_text.reveal()).errors)
        findings.push_back(
            {about::ticket_keys, yaml::severity::error, std::move(error), fix_for_ticket_keys});
}

} // namespace

std::vector<config::tls_finding> inspect_tls(const config::tls_settings& options)
{
    std::vector<config::tls_finding> findings;
    for (const problem& found : tls::inspect(options_of(options))) {
        const auto level = found.is_warning ? yaml::severity::warning : yaml::severity::error;
        findings.push_back({place_of(found.which), level, found.message, fix_for(found)});
    }
    inspect_ticket_keys(options, findings);
    return findings;
}

loaded load_settings(const std::string& path, base::streams others)
{
    base::text_file file = base::read_text_file(path, others);
    if (!file.problem.empty())
        return {{{}, {{yaml::severity::error, 0, 0, file.problem, {}}}}, {}};

    // A stream stands in no folder that a path could begin at: /dev/fd is the shell's choice.
    const std::string directory =
        file.is_stream ? std::string{} : std::filesystem::path(path).parent_path().string();
    loaded result{config::read(file.text, directory, inspect_tls), std::move(file.text)};
    if (result.reading.settings)
        result.reading.settings->file = path;
    return result;
}

} // namespace ferrule::process
