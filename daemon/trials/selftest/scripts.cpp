#include "trials/selftest/scripts.hpp"

#include "trials/selftest/scene.hpp"

namespace ferrule::selftest {

namespace {

/// How much longer than its bound a row may take, on however slow a machine.
constexpr base::seconds margin{20};

/// After the session is over: what it has sent is on loopback already.
constexpr base::milliseconds last_look{20};

/// So much longer than `quiet` an idle session is silent before the drain.
constexpr base::milliseconds more_than_quiet{100};

/// While it is busy, the backend sends a byte each time.
constexpr base::milliseconds between_bytes{20};

/// The client's receive buffer where it is to be full.
constexpr int small_window = 4096;

struct scene {
    selftest_backend& backend;
    selftest_client& client;
    selftest_proxy& proxy;
    const config::settings& played;
    base::time_point until;

    const ending::rules& rules() const { return played.listeners.front().route.shutdown.rules; }
};

void request(scene& on)
{
    on.client.write(request_bytes);
    on.client.flush();
    on.backend.receive(request_bytes, on.until);
}

void request_and_answer(scene& on)
{
    request(on);
    on.backend.send(answer_bytes);
    on.client.receive(answer_bytes, on.until);
}

/// The client reads on, and answers a goodbye with its own.
void end_client(scene& on)
{
    on.client.read_to_end(on.until);
    if (on.client.end() == seen_end::fin)
        on.client.goodbye();
}

/// The client has ended: the backend reads that, and answers if its own flow is still carried.
void answer_after_end(scene& on)
{
    on.backend.read_to_end(on.until);
    if (on.backend.end() != seen_end::fin)
        return;
    const bool is_carried = on.rules().half_close == ending::half_close::carry;
    if (!is_carried && on.rules().on_proxy_end != ending::proxy_policy::notify) {
        on.backend.look_for_reset(on.until); // it is cut
        return;
    }
    if (is_carried)
        on.backend.send(answer_bytes);
    on.backend.finish();
}

/// Ferrule ends the session. The backend answers first: its end may be what the client waits for.
void end_both(scene& on)
{
    on.backend.read_to_end(on.until);
    if (on.backend.end() == seen_end::fin)
        on.backend.finish();
    end_client(on);
}

/// The client's own end, behind its request.
enum class goodbye : std::uint8_t { close_notify, canceled, none };

void play_client_first(scene& on, goodbye how)
{
    on.client.write(request_bytes);
    if (how == goodbye::close_notify)
        on.client.say_close_notify();
    else if (how == goodbye::canceled)
        on.client.say_canceled();
    on.client.flush();
    if (how == goodbye::none)
        on.client.finish();
    answer_after_end(on);
    on.client.read_to_end(on.until);
}

void play_backend_first(scene& on, bool is_client_silent)
{
    request(on);
    on.backend.send(answer_bytes);
    on.backend.finish();
    if (is_client_silent)
        on.client.read_to_end(on.until);
    else
        end_client(on);
    on.backend.read_to_end(on.until);
}

void play_upload(scene& on)
{
    request(on);
    on.backend.finish();
    on.client.read_to_end(on.until);
    if (on.client.end() == seen_end::fin) {
        on.client.write(late_upload_bytes);
        on.client.goodbye();
    }
    on.backend.read_to_end(on.until);
}

void play_both_at_once(scene& on)
{
    request(on);
    on.client.goodbye();
    on.backend.finish();
    on.client.read_to_end(on.until);
    on.backend.read_to_end(on.until);
}

void play_client_reset(scene& on)
{
    request(on);
    on.client.reset();
    on.backend.read_to_end(on.until);
    if (on.backend.end() == seen_end::fin)
        on.backend.finish();
}

void play_backend_reset(scene& on)
{
    request(on);
    on.backend.send(answer_bytes);
    on.backend.reset();
    end_client(on);
}

/// Behind its request the client sends what is no record, or half a message.
void play_broken_tls(scene& on, bool is_message)
{
    request(on);
    if (is_message)
        on.client.say_half_a_message();
    else
        on.client.write(request_bytes);
    on.client.flush(!is_message);
    on.client.read_to_end(on.until);
    on.client.finish();
    on.backend.read_to_end(on.until);
}

void play_backend_silent(scene& on)
{
    on.client.write(request_bytes);
    on.client.say_close_notify();
    on.client.flush();
    on.backend.read_to_end(on.until);
    on.client.read_to_end(on.until);
}

/// The client is owed an answer when the process is stopped.
void play_drain_thinking(scene& on)
{
    request_and_answer(on);
    on.client.write(request_bytes);
    on.client.flush();
    on.backend.receive(2 * request_bytes, on.until);
    on.proxy.drain(on.played.drain);
    end_both(on);
}

/// The client has no room for the answer, and reads only once it has been given up.
void play_client_stalls(scene& on)
{
    request(on);
    on.backend.send(stalling_answer_bytes);
    on.backend.finish();
    on.backend.read_to_end(on.until);
    on.client.wait_until_given_up(on.until);
}

void play_drain(scene& on, bool is_busy)
{
    request_and_answer(on);
    if (!is_busy)
        on.client.read_until(base::clock::now() + on.played.listeners.front().route.shutdown.quiet +
                             more_than_quiet);
    on.proxy.drain(on.played.drain);
    while (is_busy && on.client.end() == seen_end::nothing && base::clock::now() < on.until) {
        on.backend.send(1);
        const base::time_point next = base::clock::now() + between_bytes;
        while (on.client.end() == seen_end::nothing && base::clock::now() < next)
            on.client.read_until(next);
    }
    end_both(on);
}

void perform(trial row, scene& on)
{
    switch (row) {
    case trial::client_first: play_client_first(on, goodbye::close_notify); break;
    case trial::client_says_canceled: play_client_first(on, goodbye::canceled); break;
    case trial::client_truncated: play_client_first(on, goodbye::none); break;
    case trial::backend_first: play_backend_first(on, false); break;
    case trial::client_silent: play_backend_first(on, true); break;
    case trial::upload_after_backend_end: play_upload(on); break;
    case trial::both_at_once: play_both_at_once(on); break;
    case trial::client_reset: play_client_reset(on); break;
    case trial::backend_reset: play_backend_reset(on); break;
    case trial::client_breaks_tls: play_broken_tls(on, false); break;
    case trial::client_breaks_off: play_broken_tls(on, true); break;
    case trial::client_stalls: play_client_stalls(on); break;
    case trial::backend_silent: play_backend_silent(on); break;
    case trial::idle:
    case trial::lifetime:
        request_and_answer(on);
        end_both(on);
        break;
    case trial::drain_idle: play_drain(on, false); break;
    case trial::drain_busy: play_drain(on, true); break;
    case trial::drain_thinking: play_drain_thinking(on); break;
    case trial::backend_refuses: on.client.read_to_end(on.until); break;
    case trial::client_only_connects:
        on.client.finish();
        on.client.read_to_end(on.until);
        break;
    }
}

/// Connects both sides. False if that does not succeed: `out.trouble` says why.
bool connect(trial row, scene& on, observation& out)
{
    on.client.connect(on.proxy.port(), row == trial::client_stalls ? small_window : 0);
    if (row == trial::client_only_connects)
        return true;
    on.client.handshake(on.until);
    if (!on.client.is_established()) {
        out.trouble = "the handshake did not succeed";
        return false;
    }
    if (row != trial::backend_refuses && !on.backend.accept(on.until)) {
        out.trouble = "there was no connection to the backend";
        return false;
    }
    return true;
}

} // namespace

observation play(trial row, const config::settings& settings,
                 const config::listener_settings& listener, int tls_version)
{
    selftest_backend backend;
    const config::settings played = settings_for(row, settings, listener, backend.port());
    if (row != trial::backend_refuses)
        backend.listen();
    selftest_client client{tls_version, listener.tls.groups};
    selftest_proxy proxy{played};
    scene on{backend, client, proxy, played,
             base::clock::now() + length_of_bound(row, played, played.listeners.front()) + margin};

    observation out;
    if (connect(row, on, out))
        perform(row, on);
    const auto told = proxy.told(on.until);
    if (told.has_value())
        out.told = *told;
    else if (out.trouble.empty())
        out.trouble = "the session did not end in time";

    const base::time_point last = base::clock::now() + last_look;
    client.read_to_end(last);
    client.look_for_reset(last);
    if (backend.is_connected()) {
        backend.read_to_end(last);
        backend.look_for_reset(last);
    } else if (row != trial::backend_refuses && out.trouble.empty()) {
        backend.accept(base::clock::now()); // there should be none
    }
    out.client = client.seen();
    out.backend = backend.seen();
    return out;
}

} // namespace ferrule::selftest
