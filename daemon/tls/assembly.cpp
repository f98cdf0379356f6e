#include "tls/assembly.hpp"

#include "tls/pem.hpp"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>

namespace ferrule::tls {

namespace {

using about = problem::about;
using problem_list = std::vector<problem>;

/// Asks OpenSSL itself about one name: one that it does not know may be passed over in silence
/// within a list, but not when it stands alone.
bool is_accepted(int (*set)(SSL_CTX*, const char*), const std::string& name)
{
    const bool accepted = set(context_for_trying(), name.c_str()) == 1;
    ERR_clear_error();
    return accepted;
}

int set_groups(SSL_CTX* native, const char* list)
{
    return static_cast<int>(SSL_CTX_set1_groups_list(native, list));
}

std::vector<std::string> names_in(const std::string& list, std::string_view separators)
{
    std::vector<std::string> names;
    for (std::size_t from = 0; from < list.size();) {
        const auto to = std::min(list.find_first_of(separators, from), list.size());
        if (to > from)
            names.push_back(list.substr(from, to - from));
        from = to + 1;
    }
    return names;
}

std::string quoted(const std::string& name)
{
    return "'" + name + "'";
}

std::string unknown(const std::string& name)
{
    return quoted(name) + " is not known to this OpenSSL";
}

/// Puts a whole list into the context, once each of its names has passed.
void set_list(SSL_CTX* native, int (*set)(SSL_CTX*, const char*), const std::string& list,
              about which, problem_list& problems)
{
    const bool names_are_known = std::none_of(problems.begin(), problems.end(),
                                              [&](const problem& p) { return p.which == which; });
    if (set(native, list.c_str()) != 1 && names_are_known)
        problems.push_back({which, false, quoted(list) + " is refused: " + take_failure().text});
    ERR_clear_error();
}

void use_ciphers(SSL_CTX* native, const std::string& list, problem_list& problems)
{
    for (const std::string& item : names_in(list, ": ,;")) {
        // Excluding what this OpenSSL was built without is common ("!RC4") and harmless; an
        // "@COMMAND" selects nothing by itself and is judged within the whole list.
        if (item.starts_with('!') || item.starts_with('-') || item.starts_with('@'))
            continue;
        const std::string name = item.starts_with('+') ? item.substr(1) : item;
        if (is_accepted(SSL_CTX_set_cipher_list, name))
            continue;
        problems.push_back({about::ciphers, false,
                            is_accepted(SSL_CTX_set_ciphersuites, name)
                                ? quoted(name) + " is a suite of TLS 1.3, not a cipher of TLS 1.2"
                                : unknown(name)});
    }
    set_list(native, SSL_CTX_set_cipher_list, list, about::ciphers, problems);
}

void use_suites(SSL_CTX* native, const std::string& list, problem_list& problems)
{
    for (const std::string& name : names_in(list, ":")) {
        if (is_accepted(SSL_CTX_set_ciphersuites, name))
            continue;
        problems.push_back({about::suites, false,
                            is_accepted(SSL_CTX_set_cipher_list, name)
                                ? quoted(name) + " is a cipher of TLS 1.2, not a suite of TLS 1.3"
                                : unknown(name)});
    }
    set_list(native, SSL_CTX_set_ciphersuites, list, about::suites, problems);
}

void use_groups(SSL_CTX* native, const std::string& list, problem_list& problems)
{
    std::set<std::string> seen;
    for (const std::string& name : names_in(list, ":")) {
        if (!is_accepted(set_groups, name))
            problems.push_back({about::groups, false, unknown(name)});
        else if (!seen.insert(name).second)
            problems.push_back({about::groups, false, quoted(name) + " stands twice"});
    }
    set_list(native, set_groups, list, about::groups, problems);
}

std::string version_text(int version)
{
    switch (version) {
    case SSL3_VERSION: return "SSL 3.0";
    case TLS1_VERSION: return "TLS 1.0";
    case TLS1_1_VERSION: return "TLS 1.1";
    case TLS1_2_VERSION: return "TLS 1.2";
    case TLS1_3_VERSION: return "TLS 1.3";
    default: return "version " + std::to_string(version);
    }
}

void use_versions(SSL_CTX* native, int lowest, int highest, problem_list& problems)
{
    const auto refuse = [&](const std::string& message) {
        problems.push_back({about::versions, false, message});
    };
    // Older versions are not offered even where OpenSSL still has them (RFC 8996).
    const auto is_ours = [](int version) {
        return version == TLS1_2_VERSION || version == TLS1_3_VERSION;
    };
    const std::set<int> both{lowest, highest};
    for (const int version : both) {
        if (!is_ours(version))
            refuse(version_text(version) + " is not supported; TLS 1.2 and TLS 1.3 are");
    }
    if (lowest > highest)
        refuse("the lowest version (" + version_text(lowest) + ") is above the highest (" +
               version_text(highest) + ")");
    if (SSL_CTX_set_min_proto_version(native, lowest) != 1 && is_ours(lowest))
        refuse(version_text(lowest) + " is not known to this OpenSSL");
    if (SSL_CTX_set_max_proto_version(native, highest) != 1 && is_ours(highest))
        refuse(version_text(highest) + " is not known to this OpenSSL");
    ERR_clear_error();
}

/// Why OpenSSL does not take a certificate, for somebody who has to get a better one.
std::string refusal_of(const X509& certificate, const failure& why, int security_level)
{
    const std::string level = " for OpenSSL's security level " + std::to_string(security_level);
    const EVP_PKEY* const key = X509_get0_pubkey(&certificate);
    if (why.library == ERR_LIB_SSL && key != nullptr &&
        (why.reason == SSL_R_EE_KEY_TOO_SMALL || why.reason == SSL_R_CA_KEY_TOO_SMALL)) {
        const char* const type = EVP_PKEY_get0_type_name(key);
        return "has a key of " + std::to_string(EVP_PKEY_get_bits(key)) + " bits (" +
               (type != nullptr ? type : "unknown type") + "), too small" + level;
    }
    if (why.library == ERR_LIB_SSL && why.reason == SSL_R_CA_MD_TOO_WEAK)
        return "is signed with a digest that is too weak" + level;
    return "cannot be used: " + why.text;
}

void use_chain(SSL_CTX* native, const chain_reading& chain, problem_list& problems)
{
    if (!chain.error.empty()) {
        problems.push_back({about::certificate, false, chain.error});
        return;
    }
    const int level = SSL_CTX_get_security_level(native);
    const auto& leaf = chain.certificates.front();
    if (SSL_CTX_use_certificate(native, leaf.get()) != 1)
        problems.push_back({about::certificate, false, refusal_of(*leaf, take_failure(), level)});
    for (std::size_t i = 1; i < chain.certificates.size(); ++i) {
        const auto& link = chain.certificates[i];
        if (SSL_CTX_add1_chain_cert(native, link.get()) != 1)
            problems.push_back({about::certificate, false,
                                "certificate " + std::to_string(i + 1) + " of the chain (" +
                                    subject_of(*link) + ") " +
                                    refusal_of(*link, take_failure(), level)});
    }
    ERR_clear_error();
}

void use_key(SSL_CTX* native, const std::string& pem, const chain_reading& chain,
             problem_list& problems)
{
    const key_reading reading = read_key(pem);
    const auto refuse = [&](const std::string& message) {
        problems.push_back({about::key, false, message});
    };
    if (!reading.error.empty())
        return refuse(reading.error);
    const auto is_for = [&](const certificate_ptr& each) {
        return X509_check_private_key(each.get(), reading.key.get()) == 1;
    };
    const auto own = std::ranges::find_if(chain.certificates, is_for);
    if (own != chain.certificates.begin() && own != chain.certificates.end()) {
        const auto place = std::to_string(own - chain.certificates.begin() + 1);
        problems.push_back({about::certificate, false,
                            "is in the wrong order: the private key matches certificate " + place +
                                " (" + subject_of(**own) +
                                "); the server's own certificate has to come first",
                            "then whoever has signed it, and so on"});
        ERR_clear_error();
        return;
    }
    // Asked apart: a key of another type than the certificate's lands in a slot of its own in the
    // context, where nothing misses the certificate.
    if (!chain.certificates.empty() && own == chain.certificates.end())
        refuse("does not match the certificate");
    else if (SSL_CTX_use_PrivateKey(native, reading.key.get()) != 1)
        refuse("cannot be used: " + take_failure().text);
    ERR_clear_error();
}

} // namespace

ssl_ctx_ptr assemble(const context_options& options, std::vector<problem>& problems)
{
    ssl_ctx_ptr native = new_context();
    // Ciphers come first because "@SECLEVEL=3" in their list decides which certificates will do.
    if (!options.ciphers.empty())
        use_ciphers(native.get(), options.ciphers, problems);
    if (!options.suites.empty())
        use_suites(native.get(), options.suites, problems);
    if (!options.groups.empty())
        use_groups(native.get(), options.groups, problems);
    use_versions(native.get(), options.min_version, options.max_version, problems);
    const chain_reading chain = read_chain(options.certificate_pem);
    use_chain(native.get(), chain, problems);
    use_key(native.get(), options.key_pem, chain, problems);
    std::ranges::stable_sort(problems, std::less<>(), &problem::which);
    return native;
}

} // namespace ferrule::tls
