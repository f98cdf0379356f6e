#include "control/ctl.hpp"

#include "base/text_file.hpp"
#include "net/address.hpp"
#include "net/descriptor.hpp"
#include "yaml/node.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace ferrule::control {

namespace json = boost::json;

namespace {

[[noreturn]] void fail(const std::string& path, const std::string& why)
{
    throw std::runtime_error("control socket " + path + ": " + why);
}

std::string reason(int error)
{
    if (error == EAGAIN || error == EWOULDBLOCK)
        return "no answer in time";
    std::string text = std::strerror(error);
    if (error == ENOENT || error == ECONNREFUSED)
        text += " (is ferrule running, with control.path set?)";
    return text;
}

const yaml::node* find(const yaml::node& map, std::string_view key)
{
    for (const yaml::yaml_entry& each : map.entries()) {
        if (each.key.scalar() == key)
            return &each.value;
    }
    return nullptr;
}

net::descriptor connect_to(const std::string& path, base::seconds timeout)
{
    const auto where = net::address::unix_socket(path);
    if (!where.has_value())
        fail(path, "that is no path of a Unix socket");
    net::descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!socket.is_open())
        fail(path, reason(errno));
    const timeval bound{timeout.count(), 0};
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
    setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof(bound));
    if (::connect(socket.get(), where->data(), where->size()) != 0)
        fail(path, reason(errno));
    return socket;
}

} // namespace

std::string control_path_in(const std::string& configuration)
{
    const base::text_file file = base::read_text_file(configuration);
    const yaml::yaml_document document = yaml::parse_yaml(file.text);
    if (!file.problem.empty() || !document.root.has_value())
        return {};
    const yaml::node* const control = find(*document.root, "control");
    const yaml::node* const path = control == nullptr ? nullptr : find(*control, "path");
    return path == nullptr || path->scalar() == "off" ? std::string{} : path->scalar();
}

json::object ask_control(const std::string& path, const json::object& request,
                         base::seconds timeout)
{
    const net::descriptor socket = connect_to(path, timeout);
    const std::string line = json::serialize(request) + "\n";
    for (std::size_t sent = 0; sent < line.size();) {
        const ssize_t more =
            ::send(socket.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
        if (more < 0)
            fail(path, reason(errno));
        sent += static_cast<std::size_t>(more);
    }
    std::string answer;
    char chunk[16 * 1024];
    for (;;) {
        const ssize_t more = ::recv(socket.get(), chunk, sizeof(chunk), 0);
        if (more < 0)
            fail(path, reason(errno));
        if (more == 0)
            break;
        answer.append(chunk, static_cast<std::size_t>(more));
    }
    boost::system::error_code error;
    json::value told = json::parse(answer, error);
    if (error || !told.is_object())
        fail(path, answer.empty() ? "closed without an answer" : "the answer is no JSON object");
    return std::move(told.get_object());
}

int exit_code_of(const json::object& answer)
{
    const json::value* const code = answer.if_contains("exit_code");
    if (code != nullptr && code->is_int64())
        return static_cast<int>(code->get_int64());
    const json::value* const ok = answer.if_contains("ok");
    return ok != nullptr && ok->is_bool() && ok->get_bool() ? 0 : 1;
}

} // namespace ferrule::control
