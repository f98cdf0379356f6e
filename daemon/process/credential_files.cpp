#include "process/credential_files.hpp"

#include "base/text_file.hpp"
#include "log/attempt.hpp"
#include "process/load_settings.hpp"

#include <algorithm>
#include <exception>
#include <string_view>
#include <utility>

namespace ferrule::process {

using config::log_level;

namespace {

using about = config::tls_finding::about;
using kind = watched_files::kind;

constexpr auto loaded_ok = static_cast<std::size_t>(metrics::load_result::ok);
constexpr auto load_failed = static_cast<std::size_t>(metrics::load_result::failed);

std::string noun_of(kind what)
{
    return what == kind::certificate ? "certificate" : "ticket keys";
}

auto& loads_of(metrics::registry& numbers, const watched_files& files)
{
    metrics::listener_counters& counters = numbers.of_listener(0, files.listener);
    return files.what == kind::certificate ? counters.certificate_loads : counters.ticket_key_loads;
}

bool same_certificate(const config::tls_settings& one, const config::tls_settings& other)
{
    return one.certificate_pem == other.certificate_pem && one.key_pem == other.key_pem;
}

struct reading_again {
    std::string problem; ///< why not all could be read
    std::string warning;
};

/// The texts of the files go into `tls`, which is of no use if there is a problem.
reading_again read_again(const watched_files& files, config::tls_settings& tls)
{
    reading_again result;
    std::vector<std::string> texts;
    for (const std::string& path : files.paths) {
        base::text_file file = base::read_text_file(path);
        if (!file.problem.empty())
            return {path + " " + file.problem, {}};
        if (path != tls.certificate_path && base::is_open_to_others(file.permissions))
            result.warning = path + " can be read or changed by others";
        texts.push_back(std::move(file.text));
    }
    if (files.what == kind::ticket_keys) {
        tls.ticket_keys_text = base::secret_text(std::move(texts[0]));
        return result;
    }
    tls.certificate_pem = std::move(texts[0]);
    tls.key_pem = std::move(texts[1]);
    return result;
}

/// What a finding is about, as the operator calls it.
std::string place_of(about which, const config::tls_settings& tls)
{
    switch (which) {
    case about::certificate: return tls.certificate_path;
    case about::key: return tls.key_path;
    case about::ticket_keys: return tls.ticket_keys_path;
    case about::ciphers: return "tls.ciphers";
    case about::suites: return "tls.suites";
    case about::groups: return "tls.groups";
    case about::versions: break;
    }
    return "tls";
}

/// All findings of this level that are about these files, in one line.
std::string text_of(const std::vector<config::tls_finding>& findings, yaml::severity level,
                    kind what, const config::tls_settings& tls)
{
    std::string text;
    for (const config::tls_finding& each : findings) {
        if (each.level == level &&
            (each.which == about::ticket_keys) == (what == kind::ticket_keys))
            text += (text.empty() ? "" : "; ") + place_of(each.which, tls) + " " + each.message;
    }
    return text;
}

} // namespace

credential_files::credential_files(main_loop& loop, config::settings& settings,
                                   deployment& deployed, worker_pool& workers,
                                   metrics::registry& numbers, log::session_log& log)
    : loop_{loop},
      settings_{settings},
      deployment_{deployed},
      workers_{workers},
      numbers_{numbers},
      log_{log},
      timer_{loop.make_timer()}
{
}

void credential_files::note_loads(listeners before, listeners after)
{
    for (const config::listener_settings& each : after) {
        const auto old = std::ranges::find(before, each.name, &config::listener_settings::name);
        const bool is_new = old == before.end();
        metrics::listener_counters& counters = numbers_.of_listener(0, each.name);
        if (is_new || !same_certificate(old->tls, each.tls)) {
            numbers_.set_certificate_loaded(each.name, loop_.unix_seconds());
            if (!is_new)
                counters.certificate_loads[loaded_ok].add();
        }
        if (!is_new && !each.tls.ticket_keys_path.empty() &&
            old->tls.ticket_keys_text != each.tls.ticket_keys_text)
            counters.ticket_key_loads[loaded_ok].add();
    }
}

void credential_files::note_mended(listeners after)
{
    for (const watched_files& each : watched_) {
        if (each.refusal.empty())
            continue;
        const auto old =
            std::ranges::find(settings_.listeners, each.listener, &config::listener_settings::name);
        const auto fresh =
            std::ranges::find(after, each.listener, &config::listener_settings::name);
        if (old == settings_.listeners.end() || fresh == after.end())
            continue;
        const bool is_same = each.what == kind::certificate
                                 ? same_certificate(old->tls, fresh->tls)
                                 : old->tls.ticket_keys_text == fresh->tls.ticket_keys_text;
        if (is_same)
            loads_of(numbers_, each)[loaded_ok].add();
    }
}

void credential_files::watch()
{
    watched_.clear();
    for (const config::listener_settings& each : settings_.listeners) {
        const config::tls_settings& tls = each.tls;
        if (!tls.certificate_path.empty()) // the demo's certificate is in no file
            watched_.push_back(
                {kind::certificate, each.name, {tls.certificate_path, tls.key_path}, {}, {}});
        if (!tls.ticket_keys_path.empty())
            watched_.push_back({kind::ticket_keys, each.name, {tls.ticket_keys_path}, {}, {}});
    }
    look_later();
}

void credential_files::stop()
{
    is_stopped_ = true;
}

void credential_files::look_later()
{
    timer_->cancel();
    if (settings_.watch == base::off || watched_.empty())
        return;
    timer_->set(settings_.watch, "go on looking at files", [this] {
        if (is_stopped_)
            return;
        log::attempt(log_, "look at the files of certificates", [this] { look(); });
        look_later();
    });
}

void credential_files::look()
{
    for (watched_files& each : watched_) {
        const file_sightings seen = look_at(each.paths);
        if (each.watch.is_due(seen))
            refresh(each, seen);
    }
}

/// Reads the files, and either gives their contents to every worker or to none.
void credential_files::refresh(watched_files& files, const file_sightings& seen)
{
    const auto listener =
        std::ranges::find(settings_.listeners, files.listener, &config::listener_settings::name);
    config::listener_settings fresh = *listener; // the watch is renewed together with the settings
    const reading_again got = read_again(files, fresh.tls);
    if (!got.problem.empty()) {
        files.watch.try_again(); // descriptors may have run out, which changes no file
        if (got.problem != files.refusal)
            refuse(files, got.problem);
        return;
    }
    if (look_at(files.paths) != seen)
        return; // changed while they were read: the next looks will see them rest
    if (fresh.tls == listener->tls) {
        if (std::exchange(files.refusal, {}).empty())
            return;
        loads_of(numbers_, files)[loaded_ok].add();
        log_.say(log_level::info, noun_of(files.what) + " in force is in the files again" +
                                      " listener=" + files.listener);
        return;
    }
    const auto findings = inspect_tls(fresh.tls);
    const std::string errors = text_of(findings, yaml::severity::error, files.what, fresh.tls);
    if (!errors.empty()) {
        refuse(files, errors);
        return;
    }
    const std::string warnings = text_of(findings, yaml::severity::warning, files.what, fresh.tls);
    try {
        take(*listener, fresh, files, deployment_.prepare_renewal(fresh));
    } catch (const std::exception& error) {
        files.watch.try_again();
        if (error.what() != files.refusal)
            refuse(files, error.what());
        return;
    }
    files.refusal.clear();
    for (const std::string& each : {got.warning, warnings}) {
        if (!each.empty())
            log_.say(log_level::warning, "listener=" + files.listener + " " + each);
    }
}

void credential_files::refuse(watched_files& files, const std::string& why)
{
    files.refusal = why;
    loads_of(numbers_, files)[load_failed].add();
    log_.say(log_level::error, noun_of(files.what) + " not picked up listener=" + files.listener +
                                   ": " + why + "; what is in force stays");
}

void credential_files::take(config::listener_settings& listener, config::listener_settings fresh,
                            const watched_files& files, deployment::renewal prepared)
{
    workers_.renew(listener.name, std::move(prepared.contexts));
    deployment_.commit(prepared);
    note_loads({&listener, 1}, {&fresh, 1});
    listener = std::move(fresh);
    std::string text = noun_of(files.what) + " picked up listener=" + files.listener;
    if (files.what == kind::certificate)
        text += " subject=\"" + prepared.certificate.subject +
                "\" serial=" + prepared.certificate.serial;
    log_.say(log_level::info, text);
}

} // namespace ferrule::process
