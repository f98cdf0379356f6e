#include "config/read_metrics.hpp"

#include "base/text_file.hpp"
#include "config/endpoints.hpp"
#include "config/table.hpp"
#include "yaml/scalars.hpp"
#include "yaml/values.hpp"

#include <filesystem>
#include <set>
#include <utility>

namespace ferrule::config {

namespace {

using about = tls_finding::about;

/// Group read is left out: a file that root owns and the daemon's group may read is good practice.
constexpr unsigned others = 0037;

endpoint default_address()
{
    return parse_endpoints(default_metrics_address, address_use::metrics).value.value().front();
}

/// What is sent there stays on this machine.
bool is_local(const endpoint& address)
{
    switch (address.type) {
    case endpoint::kind::unix_socket: return true;
    case endpoint::kind::ip4: return address.host.starts_with("127.");
    case endpoint::kind::ip6: return address.host == "::1";
    case endpoint::kind::name:
    case endpoint::kind::inherited: break; // neither is possible for metrics
    }
    return false;
}

/// A file that a key names.
struct named_file {
    yaml::field where;
    std::string path;
    std::string text; ///< empty if it could not be read, which has been reported
};

class metrics_reader {
public:
    metrics_reader(const yaml::field& from, std::string directory, yaml::report& out)
        : block_(from, keys_of<metrics_rows>, out), directory_(std::move(directory)), out_(out)
    {
    }

    metrics_draft read_address()
    {
        const auto address = block_.find("address");
        if (!address)
            return {block_.hides("address") ? std::nullopt : std::optional(default_address()), {}};
        const auto text = yaml::read_text(*address, out_);
        if (!text || *text == "off")
            return {};
        const auto result = parse_endpoints(*text, address_use::metrics);
        if (!result.value) {
            out_.error(address->at(), address->path, yaml::in_quotes(*text) + " " + result.problem,
                       yaml::means_off(*text) ? "write off" : result.fix);
            return {};
        }
        return {result.value->front(), address->at()};
    }

    metrics_protection_settings read_protection(const std::optional<endpoint>& address,
                                                const tls_inspector& inspect)
    {
        metrics_protection_settings result;
        read_certificate(result, inspect);
        read_passwords(result);
        read_hosts(result.hosts);
        if (!result.users.empty() && result.certificate_path.empty() && address &&
            !is_local(*address)) {
            const auto where = block_.find("password_file");
            out_.warning(where->at(), where->path,
                         "passwords cross the network as plain text to " + address->text(),
                         "add certificate and key, or serve 127.0.0.1 or a Unix socket");
        }
        return result;
    }

private:
    /// nullopt if the key is not there, off, or not even a path.
    std::optional<named_file> read_file(const char* key, bool is_secret)
    {
        const auto where = block_.find(key);
        const auto text = where ? yaml::read_text(*where, out_) : std::nullopt;
        if (!text || *text == "off")
            return std::nullopt;
        named_file result{*where, (std::filesystem::path(directory_) / *text).string(), {}};
        base::text_file file = base::read_text_file(result.path);
        if (!file.problem.empty()) {
            out_.error(where->at(), where->path, yaml::in_quotes(*text) + " " + file.problem,
                       yaml::means_off(*text) ? "write off" : "");
            return result;
        }
        if (is_secret && (file.permissions & others) != 0)
            out_.warning(where->at(), where->path,
                         yaml::in_quotes(*text) + " can be read or changed by others",
                         "chmod 600, or 640 with the group that Ferrule runs as");
        result.text = std::move(file.text);
        if (result.text.empty())
            out_.error(where->at(), where->path, yaml::in_quotes(*text) + " is empty");
        return result;
    }

    void read_certificate(metrics_protection_settings& result, const tls_inspector& inspect)
    {
        auto certificate = read_file("certificate", false);
        auto key = read_file("key", true);
        const bool has_both = certificate && key;
        if (certificate && !key && !block_.hides("key") && !is_wrong("key"))
            out_.error(certificate->where.at(), certificate->where.path,
                       "needs the key that belongs to it", "add key: /path/to/key.pem");
        if (key && !certificate && !block_.hides("certificate") && !is_wrong("certificate"))
            out_.error(key->where.at(), key->where.path, "needs the certificate that belongs to it",
                       "add certificate: /path/to/chain.pem, the leaf first");
        if (certificate)
            result.certificate_path = certificate->path;
        if (!has_both || certificate->text.empty() || key->text.empty())
            return;
        result.key_path = key->path;
        result.certificate_pem = std::move(certificate->text);
        result.key_pem = std::move(key->text);
        if (!inspect)
            return;
        tls_settings inspected;
        inspected.certificate_pem = result.certificate_pem;
        inspected.key_pem = result.key_pem;
        for (const tls_finding& finding : inspect(inspected)) {
            const yaml::field& where =
                finding.which == about::key ? key->where : certificate->where;
            if (finding.level == yaml::severity::error)
                out_.error(where.at(), where.path, finding.message, finding.fix);
            else
                out_.warning(where.at(), where.path, finding.message, finding.fix);
        }
    }

    void read_passwords(metrics_protection_settings& result)
    {
        const auto file = read_file("password_file", true);
        if (!file || file->text.empty())
            return;
        base::password_file passwords = base::read_password_file(file->text);
        if (!passwords.problem.empty()) {
            out_.error(file->where.at(), file->where.path,
                       yaml::in_quotes(file->where.value.scalar()) + " " + passwords.problem,
                       "lines of user:hash; `openssl passwd -6` makes a hash");
            return;
        }
        result.password_path = file->path;
        result.users = std::move(passwords.entries);
    }

    void read_hosts(std::vector<std::string>& hosts)
    {
        const auto from = block_.find("hosts");
        const auto items = from ? yaml::read_list(*from, out_) : std::nullopt;
        for (const yaml::field& item : items.value_or(std::vector<yaml::field>{})) {
            const auto host = yaml::read_text(item, out_);
            if (!host)
                continue;
            if (is_host_name(*host))
                hosts.push_back(*host);
            else
                out_.error(item.at(), item.path, yaml::in_quotes(*host) + " is not a host name",
                           "the name alone, without a scheme or port: metrics.example.org");
        }
    }

    /// There, but neither off nor a path: that has been reported.
    bool is_wrong(const char* key) const
    {
        const auto where = block_.find(key);
        return where &&
               (where->value.type() != yaml::node::kind::scalar || where->value.scalar() != "off");
    }

    yaml::block block_;
    std::string directory_;
    yaml::report& out_;
};

} // namespace

metrics_draft read_metrics(const yaml::block& root, const std::string& directory,
                           const tls_inspector& inspect, settings& out_settings, yaml::report& out)
{
    metrics_draft metrics;
    if (const auto from = root.find("metrics")) {
        metrics_reader reader(*from, directory, out);
        metrics = reader.read_address();
        out_settings.metrics_protection = reader.read_protection(metrics.address, inspect);
    } else if (!root.hides("metrics")) {
        metrics.address = default_address();
    }
    out_settings.metrics_address = metrics.address;
    return metrics;
}

} // namespace ferrule::config
