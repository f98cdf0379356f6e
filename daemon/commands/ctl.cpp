// `ferrule ctl`
#include "control/ctl.hpp"

#include "commands/commands.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace ferrule::commands {

namespace json = boost::json;

namespace {

constexpr const char* default_configuration = "/etc/ferrule/ferrule.yaml";

/// What the command line says.
struct choices {
    CLI::App* ctl = nullptr;
    std::string socket;
    std::string configuration = default_configuration;
    bool as_json = false;
    std::int64_t timeout_seconds = 90;

    CLI::App* list = nullptr;
    CLI::App* show = nullptr;
    CLI::App* kill = nullptr;
    std::vector<std::uint64_t> ids;
    std::string listener;
    std::string backend;
    std::string client;
    std::string state;
    std::uint64_t limit = 100;
    std::string level;

    void add_filter(CLI::App& to);
    json::object request() const;
    std::string path() const;
};

void choices::add_filter(CLI::App& to)
{
    to.add_option("--listener", listener, "only those of this listener");
    to.add_option("--backend", backend, "only those of this backend");
    to.add_option("--client", client, "only those of this address, with or without a port");
    to.add_option("--state", state, "only those in this state")
        ->check(CLI::IsMember({"handshaking", "connecting", "relaying", "half_closed", "closing"}));
}

json::object choices::request() const
{
    const CLI::App* const command = ctl->get_subcommands().front();
    const std::string name = command->get_name();
    if (name != "sessions") {
        json::object plain{{"command", name}};
        if (!level.empty())
            plain["level"] = level;
        return plain;
    }
    json::object asked{{"command", kill->parsed() ? "kill" : "sessions"}};
    if (!ids.empty())
        asked["ids"] = json::value_from(ids);
    const auto add = [&](const char* key, const std::string& value) {
        if (!value.empty())
            asked[key] = value;
    };
    add("listener", listener);
    add("backend", backend);
    add("client", client);
    add("state", state);
    if (!kill->parsed())
        asked["limit"] = limit;
    return asked;
}

std::string choices::path() const
{
    if (!socket.empty())
        return socket;
    const std::string configured = control::control_path_in(configuration);
    return configured.empty() ? control::default_control_path : configured;
}

int ctl(const choices& typed)
{
    const json::object request = typed.request();
    const json::object answer =
        control::ask_control(typed.path(), request, base::seconds{typed.timeout_seconds});
    const int exit_code = control::exit_code_of(answer);
    const std::string text =
        typed.as_json ? json::serialize(answer) + "\n" : control::answer_in_words(request, answer);
    std::fputs(text.c_str(), exit_code == exit_fine || typed.as_json ? stdout : stderr);
    return exit_code;
}

} // namespace

command add_ctl(CLI::App& app)
{
    const auto typed = std::make_shared<choices>();
    choices& c = *typed;
    c.ctl =
        app.add_subcommand("ctl", "ask or tell a ferrule that runs, through its control socket");
    c.ctl->require_subcommand(1);
    c.ctl->add_option("-s,--socket", c.socket, "the control socket");
    c.ctl->add_option("-c,--config", c.configuration, "the file whose control.path it is")
        ->capture_default_str();
    c.ctl->add_flag("--json", c.as_json, "print the answer as it comes, for programs");
    c.ctl->add_option("--timeout", c.timeout_seconds, "how many seconds to wait for an answer")
        ->check(CLI::Range(1, 86400))
        ->capture_default_str();

    c.ctl->add_subcommand("status", "state, configuration and sessions of each listener");
    c.ctl->add_subcommand("ready", "exit code 0 if it is ready, 1 if not");
    c.ctl->add_subcommand("reload", "read the configuration again; wait, and print what is wrong");
    c.ctl->add_subcommand("drain", "stop accepting, let sessions end, then exit (as SIGTERM)");
    c.ctl->add_subcommand("log-level", "print the log level, or change it until the next reload")
        ->add_option("LEVEL", c.level, "debug, info, warning or error")
        ->check(CLI::IsMember({"debug", "info", "warning", "error"}));

    CLI::App* const sessions = c.ctl->add_subcommand("sessions", "list, show or kill sessions");
    sessions->require_subcommand(0, 1);
    c.list = sessions->add_subcommand("list", "one line for each, the oldest first");
    c.show = sessions->add_subcommand("show", "all that is known of a session");
    c.kill = sessions->add_subcommand("kill", "end sessions, with the cause `killed`");
    for (CLI::App* const each : {sessions, c.list}) {
        c.add_filter(*each);
        each->add_option("--limit", c.limit, "show at most so many")
            ->check(CLI::Range(1, 100000))
            ->capture_default_str();
    }
    c.show->add_option("ID", c.ids, "the number behind session= in the log")->required();
    c.kill->add_option("ID", c.ids, "the numbers behind session= in the log");
    c.add_filter(*c.kill);
    return {c.ctl, [typed] { return ctl(*typed); }};
}

} // namespace ferrule::commands
