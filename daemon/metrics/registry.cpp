#include "metrics/registry.hpp"

#include "base/check.hpp"
#include "metrics/families.hpp"
#include "metrics/status.hpp"

#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace ferrule::metrics {

namespace {

// Blocks of different workers never share a cache line; two, since CPUs fetch lines in pairs.
template <typename Block>
struct alignas(128) apart {
    Block block;
};

/// One block for each worker, made when the worker asks for it.
template <typename Block>
class block_of_each {
public:
    Block& of(std::size_t worker, std::size_t workers)
    {
        blocks_.resize(workers);
        if (!blocks_[worker])
            blocks_[worker] = std::make_unique<apart<Block>>();
        return blocks_[worker]->block;
    }
    std::vector<const Block*> made() const
    {
        std::vector<const Block*> found;
        for (const auto& block : blocks_)
            if (block)
                found.push_back(&block->block);
        return found;
    }

private:
    std::vector<std::unique_ptr<apart<Block>>> blocks_;
};

std::uint64_t open_sessions(const std::vector<const listener_counters*>& of_workers)
{
    std::uint64_t open = 0;
    for (const listener_counters* each : of_workers)
        open += each->sessions_open.get();
    return open;
}

} // namespace

struct registry::blocks {
    explicit blocks(std::size_t worker_count) : workers(worker_count) {}

    std::size_t checked(int worker) const
    {
        CHECK(worker >= 0 && static_cast<std::size_t>(worker) < workers,
              "a worker's number is below the number of workers");
        return static_cast<std::size_t>(worker);
    }

    const std::size_t workers;
    std::mutex mutex; ///< guards what follows, but not the counters inside
    block_of_each<worker_counters> of_workers;
    std::map<std::string, block_of_each<listener_counters>> of_listeners;
    std::map<server_name, block_of_each<server_counters>> of_servers;
    std::set<std::string> gone_listeners; ///< those that are not read, unless a session is open
    std::set<server_name> gone_servers;
    std::map<std::string, certificate_info> certificates;
    std::map<std::string, double> certificates_loaded; ///< Unix time
};

registry::registry(int workers)
{
    CHECK(workers > 0, "there is at least one worker");
    blocks_ = std::make_unique<blocks>(static_cast<std::size_t>(workers));
}

registry::~registry() = default;

listener_counters& registry::of_listener(int worker, const std::string& listener)
{
    const std::size_t index = blocks_->checked(worker);
    const std::lock_guard lock(blocks_->mutex);
    return blocks_->of_listeners[listener].of(index, blocks_->workers);
}

server_counters& registry::of_server(int worker, const std::string& backend,
                                     const std::string& server)
{
    const std::size_t index = blocks_->checked(worker);
    const std::lock_guard lock(blocks_->mutex);
    return blocks_->of_servers[{backend, server}].of(index, blocks_->workers);
}

worker_counters& registry::of_worker(int worker)
{
    const std::size_t index = blocks_->checked(worker);
    const std::lock_guard lock(blocks_->mutex);
    return blocks_->of_workers.of(index, blocks_->workers);
}

void registry::keep_only(const std::set<std::string>& listeners,
                         const std::set<server_name>& servers)
{
    const std::lock_guard lock(blocks_->mutex);
    blocks_->gone_listeners.clear();
    for (const auto& [name, of_each] : blocks_->of_listeners) {
        if (!listeners.contains(name) && open_sessions(of_each.made()) == 0)
            blocks_->gone_listeners.insert(name);
    }
    blocks_->gone_servers.clear();
    for (const auto& [name, of_each] : blocks_->of_servers) {
        if (!servers.contains(name))
            blocks_->gone_servers.insert(name);
    }
}

void registry::set_certificate(const std::string& listener, certificate_info info)
{
    const std::lock_guard lock(blocks_->mutex);
    blocks_->certificates[listener] = std::move(info);
}

void registry::set_certificate_loaded(const std::string& listener, double seconds)
{
    const std::lock_guard lock(blocks_->mutex);
    blocks_->certificates_loaded[listener] = seconds;
}

void registry::forget_certificate(const std::string& listener)
{
    const std::lock_guard lock(blocks_->mutex);
    blocks_->certificates.erase(listener);
    blocks_->certificates_loaded.erase(listener);
}

session_totals& session_totals::operator+=(const session_totals& more) noexcept
{
    started += more.started;
    open += more.open;
    half_closed += more.half_closed;
    closing += more.closing;
    return *this;
}

std::vector<session_totals> registry::totals() const
{
    const std::lock_guard lock(blocks_->mutex);
    std::vector<session_totals> all;
    for (const auto& [name, of_each] : blocks_->of_listeners) {
        session_totals& sum = all.emplace_back();
        sum.listener = name;
        for (const listener_counters* each : of_each.made())
            sum += {{},
                    each->sessions_started.get(),
                    each->sessions_open.get(),
                    each->sessions_half_closed.get(),
                    each->sessions_closing.get()};
    }
    return all;
}

readings registry::read() const
{
    readings now{{}, {}, {}, {}, {}, process_, read_process_usage()};
    const std::lock_guard lock(blocks_->mutex);
    now.workers = blocks_->of_workers.made();
    for (const auto& [name, of_each] : blocks_->of_listeners) {
        // A worker may have accepted one before it heard of the reload.
        if (!blocks_->gone_listeners.contains(name) || open_sessions(of_each.made()) > 0)
            now.listeners.push_back({name, of_each.made()});
    }
    for (const auto& [names, of_each] : blocks_->of_servers) {
        if (!blocks_->gone_servers.contains(names))
            now.servers.push_back({names.first, names.second, of_each.made()});
    }
    for (const auto& [listener, info] : blocks_->certificates)
        now.certificates.push_back({listener, info});
    now.certificates_loaded = blocks_->certificates_loaded;
    return now; // to be written outside of the lock: blocks live as long as the registry
}

std::string registry::text() const
{
    return exposition(read());
}

std::string registry::status() const
{
    return status_json(read(), endings_.newest_first(), started_, std::chrono::system_clock::now());
}

} // namespace ferrule::metrics
