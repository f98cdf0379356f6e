#include "process/orders.hpp"

#include "control/text.hpp"
#include "log/attempt.hpp"
#include "record/json.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace ferrule::process {

namespace json = boost::json;
using config::log_level;

namespace {

json::object refusal(const std::string& why)
{
    return {{"ok", false}, {"error", why}};
}

/// What all workers together found, for the one who asked.
template <class Found>
struct gathering {
    std::size_t missing;
    Found all;
};

} // namespace

orders::orders(config::settings& settings, worker_pool& workers, metrics::registry& numbers,
               log::session_log& log, powers use)
    : settings_{settings}, workers_{workers}, numbers_{numbers}, log_{log}, use_{std::move(use)}
{
}

void orders::open(boost::asio::io_context& io)
{
    if (settings_.control.path.empty())
        return;
    socket_ = std::make_unique<control::control_socket>(
        io, settings_.control,
        [this](const control::control_request& request, const control::control_answer& to) {
            if (!log::attempt(log_, "do what a command orders", [&] { obey(request, to); }))
                to(refusal("it could not be done; the log says why"));
        });
    log_.say(log_level::info, "control on unix:" + settings_.control.path);
}

void orders::obey(const control::control_request& request, const control::control_answer& answer)
{
    const json::value* const command = request.said.if_contains("command");
    const std::string word =
        command != nullptr && command->is_string() ? std::string{command->get_string()} : "";
    const auto note = [&] { log_.say(log_level::info, "command=" + word + " " + request.from); };
    if (word == "status") {
        answer(control::status_json(settings_, numbers_, use_.cut_in()));
    } else if (word == "ready") {
        const metrics::process_state& state = numbers_.process();
        answer({{"ok", metrics::is_ready(state)}, {"state", control::process_word(state)}});
    } else if (word == "sessions") {
        list_sessions(request, answer);
    } else if (word == "kill") {
        note();
        kill_sessions(request, answer);
    } else if (word == "reload") {
        note();
        reload(answer);
    } else if (word == "drain") {
        note();
        drain(answer);
    } else if (word == "log-level") {
        note();
        change_log_level(request, answer);
    } else {
        answer(refusal("there is no such command"));
    }
}

void orders::reload(const control::control_answer& answer)
{
    use_.reload([answer](const reload_result& result) {
        answer({{"ok", result.exit_code == 0},
                {"exit_code", result.exit_code},
                {"text", result.text}});
    });
}

void orders::drain(const control::control_answer& answer)
{
    use_.drain();
    answer({{"ok", true}, {"cut_in_seconds", base::in_seconds(*use_.cut_in())}});
}

void orders::list_sessions(const control::control_request& request,
                           const control::control_answer& answer)
{
    auto filter = control::read_filter(request.said);
    const auto limit = control::read_limit(request.said);
    if (const auto* why = std::get_if<std::string>(&filter); why != nullptr)
        return answer(refusal(*why));
    if (!limit.has_value())
        return answer(refusal("limit is a number from 1 to 100000"));
    auto found = std::make_shared<gathering<worker::session_list>>(
        gathering<worker::session_list>{workers_.size(), {}});
    const auto take = [found, answer, most = *limit](worker::session_list more) {
        found->all.fitting += more.fitting;
        std::move(more.shown.begin(), more.shown.end(), std::back_inserter(found->all.shown));
        if (--found->missing > 0)
            return;
        auto& shown = found->all.shown;
        std::stable_sort(shown.begin(), shown.end(), [](const auto& left, const auto& right) {
            return left.accepted < right.accepted;
        });
        shown.resize(std::min(shown.size(), most));
        json::array sessions;
        for (const record::snapshot& each : shown)
            sessions.push_back(record::to_json(each));
        answer({{"ok", true}, {"fitting", found->all.fitting}, {"sessions", std::move(sessions)}});
    };
    workers_.list(std::get<worker::session_filter>(filter), *limit, take);
}

void orders::kill_sessions(const control::control_request& request,
                           const control::control_answer& answer)
{
    auto filter = control::read_filter(request.said);
    if (const auto* why = std::get_if<std::string>(&filter); why != nullptr)
        return answer(refusal(*why));
    const auto& wanted = std::get<worker::session_filter>(filter);
    if (wanted.is_any())
        return answer(refusal("say which: ids, or a filter"));
    auto killed =
        std::make_shared<gathering<json::array>>(gathering<json::array>{workers_.size(), {}});
    const auto take = [killed, answer, from = request.from,
                       this](const std::vector<std::uint64_t>& ids) {
        for (const std::uint64_t each : ids) {
            killed->all.emplace_back(each);
            log_.say(log_level::info, "killing session=" + std::to_string(each) + " " + from);
        }
        if (--killed->missing > 0)
            return;
        answer({{"ok", !killed->all.empty()}, {"killed", std::move(killed->all)}});
    };
    workers_.kill(wanted, take);
}

/// Until the next reload, which brings what the file says.
void orders::change_log_level(const control::control_request& request,
                              const control::control_answer& answer)
{
    const json::value* const said = request.said.if_contains("level");
    if (said != nullptr) {
        const std::string word = said->is_string() ? std::string{said->get_string()} : "";
        const auto level = config::log_level_of(word);
        if (!level.has_value())
            return answer(refusal("a level is one of debug, info, warning, error"));
        settings_.log.level = *level;
        log_.reconfigure(settings_.log);
    }
    answer({{"ok", true}, {"level", config::to_text(settings_.log.level)}});
}

} // namespace ferrule::process
