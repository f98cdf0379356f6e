#include "process/deployment.hpp"

#include "net/local_ports.hpp"
#include "process/tls_options.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace ferrule::process {

namespace {

static_assert(config::max_servers == backends::backend_pool::servers_max,
              "the reader refuses what a pool would leave out");

std::uint64_t descriptor_limit()
{
    rlimit limit{};
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
}

tls::context_options context_options_of(const config::listener_settings& listener,
                                        tls::ticket_keys tickets)
{
    tls::context_options options = options_of(listener.tls);
    options.session_id_context = listener.name;
    options.tickets = std::move(tickets);
    return options;
}

metrics::certificate_info info_of(const tls::certificate_summary& facts)
{
    return {facts.subject, facts.serial, static_cast<double>(facts.not_after_seconds)};
}

} // namespace

exporter::exporter_protection protection_of(const config::settings& settings)
{
    const config::metrics_protection_settings& from = settings.metrics_protection;
    return {from.certificate_pem, from.key_pem, from.users, from.hosts};
}

std::uint64_t sessions_for_descriptors(std::uint64_t descriptors, int workers,
                                       std::size_t listening_sockets)
{
    const std::uint64_t own = 96 + static_cast<std::uint64_t>(workers) * 8 + listening_sockets;
    // A very low limit still serves a few sessions.
    const std::uint64_t reserve = std::min(own, descriptors / 2);
    return std::max<std::uint64_t>(1, (descriptors - reserve) / 2);
}

deployment::deployment(metrics::registry& numbers, int workers, inherited_sockets inherited)
    : numbers_{numbers}, workers_{workers}, inherited_{std::move(inherited)}
{
}

/// Those of the listener's file, or else a random one of its own.
tls::ticket_keys deployment::ticket_keys_of(const config::listener_settings& listener)
{
    if (!listener.tls.ticket_keys_path.empty()) {
        tls::ticket_keys_reading file =
            tls::read_ticket_keys(listener.tls.ticket_keys_text.reveal());
        if (!file.errors.empty())
            throw std::runtime_error("listener " + listener.name +
                                     ": ticket_keys: " + file.errors.front());
        return std::move(file.keys);
    }
    const auto known = ticket_keys_.find(listener.name);
    if (known != ticket_keys_.end())
        return {known->second};
    return {ticket_keys_.emplace(listener.name, tls::make_ticket_key()).first->second};
}

std::vector<backends::server> deployment::servers_of(const config::backend_settings& backend,
                                                     int worker) const
{
    std::vector<backends::server> servers;
    const net::port_range local = net::local_ports();
    for (const config::endpoint& each : backend.servers) {
        const std::string text = each.text();
        metrics::server_counters& counters = numbers_.of_server(worker, backend.name, text);
        const auto found = known_.find(text);
        if (found == known_.end())
            continue;
        for (const net::address& where : found->second.addresses)
            servers.push_back(
                {text, where, &counters, !where.is_unix() && local.contains(where.port())});
    }
    return servers;
}

void deployment::learn(const backends::lookups& found)
{
    for (const auto& [server, each] : found) {
        if (each.error.empty())
            known_[server] = each;
    }
}

void deployment::make_profiles(const config::listener_settings& listener, std::uint32_t recorder,
                               prepared& result, std::vector<worker::listener_setup>& setups)
{
    const tls::context_options options = context_options_of(listener, ticket_keys_of(listener));
    for (std::size_t worker = 0; worker < setups.size(); ++worker) {
        const auto& backends = result.workers[worker].backends;
        const auto backend = std::find_if(backends.begin(), backends.end(), [&](const auto& each) {
            return each->name() == listener.route.backend;
        });
        auto profile = std::make_shared<session::profile>();
        profile->listener = listener.name;
        profile->timeouts = listener.timeouts;
        profile->default_route.shutdown = listener.route.shutdown;
        profile->recorder = recorder;
        profile->tls = std::make_shared<tls::context>(options);
        profile->default_route.backend = *backend; // the reader has checked the name
        profile->counters = &numbers_.of_listener(static_cast<int>(worker), listener.name);
        setups[worker].profile = std::move(profile);
    }
    result.certificates[listener.name] = tls::summary_of(listener.tls.certificate_pem);
}

deployment::prepared deployment::prepare(const config::settings& settings,
                                         const backends::lookups& found)
{
    prepared result;
    result.workers.resize(static_cast<std::size_t>(workers_));
    learn(found);
    for (const auto& [server, each] : found) {
        if (!each.error.empty())
            result.warnings.push_back("server=" + server + ": cannot be looked up: " + each.error);
    }
    for (const config::backend_settings& backend : settings.backends) {
        for (int worker = 0; worker < workers_; ++worker) {
            auto pool = std::make_shared<backends::backend_pool>(backend.name);
            auto servers = servers_of(backend, worker);
            if (worker == 0 && servers.size() > config::max_servers)
                result.warnings.push_back(
                    "backend=" + backend.name + ": " + std::to_string(servers.size()) +
                    " addresses were found, of which the first " +
                    std::to_string(config::max_servers) + " are used; the next one is " +
                    servers[config::max_servers].where.text());
            pool->set_servers(std::move(servers));
            result.workers[static_cast<std::size_t>(worker)].backends.push_back(std::move(pool));
        }
    }
    for (const config::listener_settings& listener : settings.listeners) {
        std::vector<worker::listener_setup> setups(static_cast<std::size_t>(workers_));
        make_profiles(listener, settings.log.recorder, result, setups);
        for (std::size_t worker = 0; worker < setups.size(); ++worker)
            result.workers[worker].listeners.push_back(std::move(setups[worker]));
    }
    for (std::size_t i = 0; i < settings.listeners.size(); ++i)
        bind(settings, i, result);
    for (const std::string& each : inherited_.names()) {
        if (!result.open.contains("fd:" + each))
            result.warnings.push_back("fd:" + each +
                                      ": no listener names this socket that was passed on: "
                                      "whoever connects to it waits");
    }
    result.max_sessions =
        settings.max_sessions != 0
            ? settings.max_sessions
            : sessions_for_descriptors(descriptor_limit(), workers_,
                                       result.open.size() * static_cast<std::size_t>(workers_));
    return result;
}

void deployment::commit(const prepared& what)
{
    closing_.clear();
    for (auto& [key, before] : std::exchange(open_, what.open)) {
        if (!open_.contains(key))
            std::ranges::copy(before.bound, std::back_inserter(closing_));
    }
    for (const auto& [listener, facts] : what.certificates)
        numbers_.set_certificate(listener, info_of(facts));
}

deployment::renewal deployment::prepare_renewal(const config::listener_settings& listener)
{
    renewal result{listener.name, {}, tls::summary_of(listener.tls.certificate_pem)};
    const tls::context_options options = context_options_of(listener, ticket_keys_of(listener));
    for (int worker = 0; worker < workers_; ++worker)
        result.contexts.push_back(std::make_shared<tls::context>(options));
    return result;
}

void deployment::commit(const renewal& what)
{
    numbers_.set_certificate(what.listener, info_of(what.certificate));
}

} // namespace ferrule::process
