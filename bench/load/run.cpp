// What each workload does.
#include "run.hpp"
#include "course.hpp"

#include <algorithm>
#include <utility>

namespace load {

static constexpr double GiB = 1024.0 * 1024 * 1024;

void course::run_handshakes()
{
    make<handshake_client>(sessions(32));
    const auto is_over = [&] {
        return std::none_of(clients_.begin(), clients_.end(),
                            [](auto& each) { return each->is_open(); });
    };
    // First some that do not count: they bring a ticket, and warm both sides up.
    for (int each = 0; each < 3; ++each) {
        for (auto& client : clients_)
            client->open();
        wait(is_over);
    }
    settle();
    const auto before = all_.over;
    const auto resumed_before = all_.resumed;
    all_.ends = {};
    mark_begin();
    all_.is_running = true;
    for (auto& client : clients_)
        client->open();
    settle(chosen_.seconds);
    all_.is_running = false;
    wait(is_over);
    mark_end();
    report_.unit = "session";
    report_.units = static_cast<double>(all_.over - before);
    report_.resumed = all_.resumed - resumed_before;
}

void course::wait_for_downloads()
{
    backend_.stop_downloads();
    wait([&] { return all_.received >= backend_.sent() || all_.over != 0; });
}

void course::run_downloads()
{
    make<asking_client>(sessions(8), wish::download);
    set_up();
    mark_begin();
    backend_.start_downloads();
    settle(chosen_.seconds);
    wait_for_downloads();
    mark_end();
    report_.unit = "GiB";
    report_.units = static_cast<double>(all_.received) / GiB;
    backend_.finish_all();
    wait([&] { return all_.over >= clients_.size(); });
    report_.are_bytes_right = all_.received == backend_.sent();
}

void course::run_uploads()
{
    make<upload_client>(sessions(8));
    set_up();
    mark_begin();
    all_.is_running = true;
    each_of<upload_client>([](auto& each) { each.upload(); });
    settle(chosen_.seconds);
    all_.is_running = false;
    wait([&] { return backend_.received() >= all_.sent || all_.over != 0; });
    mark_end();
    report_.unit = "GiB";
    report_.units = static_cast<double>(backend_.received()) / GiB;
    say_goodbye();
    report_.are_bytes_right = all_.sent == backend_.received();
}

void course::stop_messages()
{
    all_.is_running = false;
    wait([&] {
        bool is_waiting = false;
        each_of<message_client>([&](auto& each) { is_waiting |= each.is_waiting(); });
        return !is_waiting || all_.over != 0;
    });
}

void course::run_messages()
{
    make<message_client>(sessions(64));
    set_up();
    stop_messages();
    all_.messages = 0;
    mark_begin();
    all_.is_running = true;
    each_of<message_client>([](auto& each) { each.send_message(); });
    settle(chosen_.seconds);
    stop_messages();
    mark_end();
    report_.unit = "message";
    report_.units = static_cast<double>(all_.messages);
    say_goodbye();
}

void course::run_mix()
{
    make<message_client>(sessions(8), true);
    make<asking_client>(chosen_.bulk_sessions, wish::download);
    set_up();
    stop_messages();
    all_.messages = all_.received = 0;
    mark_begin();
    all_.is_running = true;
    backend_.start_downloads();
    settle(0.2); // the downloads fill their buffers
    each_of<message_client>([](auto& each) { each.send_message(); });
    settle(chosen_.seconds);
    stop_messages();
    wait_for_downloads();
    mark_end();
    report_.messages = all_.messages;
    report_.unit = "GiB";
    report_.units = static_cast<double>(all_.received) / GiB;
    backend_.finish_all();
    wait([&] { return all_.over >= clients_.size(); });
    report_.are_bytes_right = all_.received == backend_.sent();
}

void course::run_idle()
{
    const auto before = watch_.read(true).pss_kib;
    make<asking_client>(sessions(3000), wish::hold);
    set_up();
    settle(1);
    const auto used = watch_.read(true);
    report_.pss_kib_for_each = (static_cast<double>(used.pss_kib) - static_cast<double>(before)) /
                               static_cast<double>(clients_.size());
    settle(chosen_.seconds);
    report_.idle_cpu_share = (watch_.read().cpu_seconds - used.cpu_seconds) / chosen_.seconds;
    mark_begin();
    backend_.finish_all();
    wait([&] { return all_.over >= clients_.size(); });
    mark_end();
    report_.unit = "close";
    report_.units = static_cast<double>(clients_.size());
}

report course::run()
{
    const std::pair<const char*, runner> runners[] = {
        {"handshake", &course::run_handshakes},
        {"down", &course::run_downloads},
        {"up", &course::run_uploads},
        {"ping", &course::run_messages},
        {"mix", &course::run_mix},
        {"idle", &course::run_idle},
    };
    for (const auto& [name, how] : runners)
        if (chosen_.command == name)
            (this->*how)();
    report_.ends = all_.ends;
    for (const auto& each : clients_)
        report_.unfinished += each->is_open() ? 1 : 0;
    events_.run_until([&] { return backend_.open() == 0; }, 1);
    report_.backend_ended = backend_.ended();
    report_.backend_reset = backend_.reset();
    report_.latencies = std::move(all_.latencies);
    return std::move(report_);
}

int run_load(const options& chosen)
{
    const auto found = course(chosen).run();
    print(chosen, found);
    return found.is_complete ? 0 : 1;
}

} // namespace load
