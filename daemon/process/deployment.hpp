// Settings → what each worker needs: bound sockets, TLS contexts, servers with their addresses.
//
// Everything that can fail fails here, before any worker has heard of the change: a reload either
// happens whole or not at all.
#pragma once

#include "backends/resolve.hpp"
#include "config/settings.hpp"
#include "exporter/exporter.hpp"
#include "metrics/registry.hpp"
#include "process/inherited_sockets.hpp"
#include "worker/worker.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ferrule::process {

class deployment {
public:
    /// `numbers` must outlive it. Main thread only.
    deployment(metrics::registry& numbers, int workers, inherited_sockets inherited);

    /// What is bound for a configured address.
    struct open_address {
        std::vector<net::address> bound;
        std::optional<net::file_identity> file; ///< of a Unix socket
    };

    /// Bound, and not listening yet.
    struct bound_socket {
        std::size_t listener = 0; ///< its place in the settings
        std::string address;      ///< as configured
        net::listening_socket socket;
    };

    struct prepared {
        std::vector<worker::worker_setup> workers;
        std::vector<bound_socket> bound;    ///< until `listen`
        std::vector<std::string> listening; ///< "listener=web address=127.0.0.1:8443", newly bound
        std::vector<std::string> warnings;  ///< what it has to do without: names, servers, IPv6
        std::uint64_t max_sessions = 0;     ///< of the whole process
        std::map<std::string, open_address> open; ///< by address, once it is committed
        std::map<std::string, tls::certificate_summary> certificates; ///< by listener
    };

    /// Makes contexts, and binds what is not open yet. `found` is what resolve_servers found for
    /// these settings. Throws std::runtime_error with a text for the operator; then nothing has
    /// changed, and nobody has been able to connect.
    prepared prepare(const config::settings& settings, const backends::lookups& found);

    /// Listens on what was bound: the last thing that can fail. Throws as `prepare` does.
    void listen(prepared& what) const;

    /// Records that the workers have been given what was prepared.
    void commit(const prepared& what);

    /// What renewed files of one listener give to the workers.
    struct renewal {
        std::string listener;
        std::vector<std::shared_ptr<tls::context>> contexts; ///< one for each worker
        tls::certificate_summary certificate;
    };

    /// Makes new contexts for a listener that is open, and nothing else. Throws std::runtime_error
    /// with a text for the operator.
    renewal prepare_renewal(const config::listener_settings& listener);

    /// Records that the workers have been given what was prepared.
    void commit(const renewal& what);

    /// Takes note of what was looked up. What was not found now stays as it was found before: a
    /// name server that does not answer takes no server away.
    void learn(const backends::lookups& found);

    /// The servers of a backend for one worker, as far as their addresses are known.
    std::vector<backends::server> servers_of(const config::backend_settings& backend,
                                             int worker) const;

private:
    void bind(const config::settings& settings, std::size_t listener, prepared& result) const;
    net::port_use use_of(const net::address& where) const;
    bool is_open_still(const std::string& key, const config::endpoint& where) const;
    std::vector<net::listening_socket> open(const config::listener_settings& listener,
                                            const config::endpoint& where,
                                            std::vector<std::string>& warnings) const;
    void make_profiles(const config::listener_settings& listener, std::uint32_t recorder,
                       prepared& result, std::vector<worker::listener_setup>& setups);
    tls::ticket_keys ticket_keys_of(const config::listener_settings& listener);

    metrics::registry& numbers_;
    int workers_;
    inherited_sockets inherited_;
    std::map<std::string, open_address> open_;
    std::vector<net::address> closing_; ///< what the last commit has dropped
    backends::lookups known_;
    std::map<std::string, tls::ticket_key> ticket_keys_; ///< random ones, kept over reloads
};

/// How the exporter is protected.
exporter::exporter_protection protection_of(const config::settings& settings);

/// How many sessions fit into the descriptors of this process (two for each), for `limits.sessions:
/// auto`.
std::uint64_t sessions_for_descriptors(std::uint64_t descriptors, int workers,
                                       std::size_t listening_sockets);

} // namespace ferrule::process
