#include "config/read_tls.hpp"

#include "base/text_file.hpp"
#include "config/table.hpp"
#include "yaml/scalars.hpp"
#include "yaml/values.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <utility>

namespace ferrule::config {

namespace {

using about = tls_finding::about;

constexpr int tls_1_2 = 0x0303;
constexpr int tls_1_3 = 0x0304;

// RFC 7301, section 3.1: a name has 1 to 255 bytes, the list at most 65535 with a length byte each.
constexpr std::size_t max_protocol = 255;
constexpr std::size_t max_protocols = 65535;

/// No list of ciphers, suites or groups is longer.
constexpr std::size_t max_option = 4096;

/// Reads one tls block. Remembers where each option stands and which are wrong, so that the
/// inspector's findings can be placed, and nothing is said twice.
class tls_reader {
public:
    tls_reader(const yaml::field& from, std::string directory, yaml::report& out)
        : from_(from),
          block_(from, keys_of<tls_rows>, out),
          directory_(std::move(directory)),
          out_(out)
    {
    }

    tls_settings read(const tls_inspector& inspect)
    {
        if (!block_.is_map())
            return result_;
        if (const auto where = require("certificate", about::certificate,
                                       "certificate: /path/to/chain.pem, the leaf first"))
            read_file(*where, about::certificate, result_.certificate_path,
                      result_.certificate_pem);
        if (const auto where = require("key", about::key, "key: /path/to/key.pem"))
            read_file(*where, about::key, result_.key_path, result_.key_pem);
        if (const auto where = block_.find("ticket_keys"))
            read_ticket_keys(*where);
        read_versions();
        read_options("ciphers", about::ciphers, result_.ciphers);
        read_options("suites", about::suites, result_.suites);
        read_options("groups", about::groups, result_.groups);
        if (const auto alpn = block_.find("alpn"))
            read_alpn(*alpn);
        if (inspect)
            place_findings(inspect(result_));
        return result_;
    }

private:
    std::optional<yaml::field> require(const char* key, about which, const std::string& fix)
    {
        const auto where = block_.require(key, "add " + fix, out_);
        if (!where)
            wrong_.insert(which);
        return where;
    }

    void read_file(const yaml::field& where, about which, std::string& path, std::string& content)
    {
        wrong_.insert(which); // until it has been read
        const auto text = yaml::read_text(where, out_);
        if (!text)
            return;
        path = (std::filesystem::path(directory_) / *text).string();
        base::text_file file = base::read_text_file(path);
        if (!file.problem.empty()) {
            const bool may_be_off = which == about::ticket_keys && yaml::means_off(*text);
            out_.error(where.at(), where.path, yaml::in_quotes(*text) + " " + file.problem,
                       may_be_off ? "write off" : "");
            return;
        }
        content = std::move(file.text);
        wrong_.erase(which);
        if (which != about::certificate && base::is_open_to_others(file.permissions))
            out_.warning(where.at(), where.path,
                         yaml::in_quotes(*text) + " can be read or changed by others",
                         "chmod 600, or 640 with the group that Ferrule runs as");
    }

    void read_ticket_keys(const yaml::field& where)
    {
        if (where.value.type() == yaml::node::kind::scalar && where.value.scalar() == "off")
            return;
        std::string text;
        read_file(where, about::ticket_keys, result_.ticket_keys_path, text);
        result_.ticket_keys_text = base::secret_text(std::move(text));
    }

    std::optional<int> read_version(const char* key)
    {
        const auto where = block_.find(key);
        if (!where)
            return std::nullopt;
        const auto text = yaml::read_text(*where, out_);
        if (text && (*text == "1.2" || *text == "1.3"))
            return *text == "1.2" ? tls_1_2 : tls_1_3;
        if (text && (*text == "1.0" || *text == "1.1"))
            out_.error(where->at(), where->path, "TLS " + *text + " is not offered",
                       "one of: 1.2, 1.3 (RFC 8996 forbids older versions)");
        else if (text)
            out_.error(where->at(), where->path, yaml::in_quotes(*text) + " is not a TLS version",
                       "one of: 1.2, 1.3");
        wrong_.insert(about::versions);
        return std::nullopt;
    }

    void read_versions()
    {
        result_.min_version = read_version("min_version").value_or(result_.min_version);
        result_.max_version = read_version("max_version").value_or(result_.max_version);
        if (result_.min_version <= result_.max_version || wrong_.contains(about::versions))
            return;
        const yaml::field where = place_of(about::versions);
        out_.error(where.at(), where.path, "1.3 is above max_version, which is 1.2",
                   "lower it, or raise max_version");
        wrong_.insert(about::versions);
    }

    void read_options(const char* key, about which, std::string& option)
    {
        const auto where = block_.find(key);
        if (!where)
            return;
        const auto text = yaml::read_text(*where, out_);
        if (text && text->size() > max_option)
            out_.error(where->at(), where->path, "is longer than 4096 bytes");
        if (text && text->size() <= max_option)
            option = *text;
        else
            wrong_.insert(which);
    }

    void read_alpn(const yaml::field& from)
    {
        const auto items = yaml::read_list(from, out_);
        std::size_t total = 0;
        for (const yaml::field& item : items.value_or(std::vector<yaml::field>{})) {
            const auto protocol = yaml::read_text(item, out_);
            if (!protocol)
                continue;
            const auto& known = result_.alpn;
            if (protocol->size() > max_protocol)
                out_.error(item.at(), item.path, "is longer than 255 bytes");
            else if (const std::string list = yaml::as_list(*protocol); !list.empty())
                out_.error(item.at(), item.path,
                           yaml::in_quotes(*protocol) + " is not the name of one protocol",
                           "each is an entry of its own: " + list);
            else if (std::find(known.begin(), known.end(), *protocol) != known.end())
                out_.error(item.at(), item.path,
                           yaml::in_quotes(*protocol) + " is in the list already");
            else
                result_.alpn.push_back(*protocol);
            total += protocol->size() + 1;
        }
        if (total > max_protocols)
            out_.error(from.at(), from.path, "is longer than ALPN can carry", "65535 bytes in all");
    }

    /// The option that a finding is about; the block itself if the option is not written.
    yaml::field place_of(about which) const
    {
        std::optional<yaml::field> found;
        switch (which) {
        case about::certificate: found = block_.find("certificate"); break;
        case about::key: found = block_.find("key"); break;
        case about::ticket_keys: found = block_.find("ticket_keys"); break;
        case about::ciphers: found = block_.find("ciphers"); break;
        case about::suites: found = block_.find("suites"); break;
        case about::groups: found = block_.find("groups"); break;
        case about::versions:
            found = block_.find("min_version");
            if (!found)
                found = block_.find("max_version");
            break;
        }
        return found.value_or(from_);
    }

    void place_findings(const std::vector<tls_finding>& findings)
    {
        for (const tls_finding& finding : findings) {
            if (wrong_.contains(finding.which))
                continue;
            const yaml::field where = place_of(finding.which);
            if (finding.level == yaml::severity::error)
                out_.error(where.at(), where.path, finding.message, finding.fix);
            else
                out_.warning(where.at(), where.path, finding.message, finding.fix);
        }
    }

    yaml::field from_;
    yaml::block block_;
    std::string directory_;
    yaml::report& out_;
    tls_settings result_;
    std::set<about> wrong_;
};

} // namespace

tls_settings read_tls(const yaml::field& from, const std::string& directory,
                      const tls_inspector& inspect, yaml::report& out)
{
    return tls_reader(from, directory, out).read(inspect);
}

} // namespace ferrule::config
