// E1 and E2: goodbyes that were too polite, and sockets that were closed too soon.
#include "simulation/oracle.hpp"

#include <algorithm>
#include <chrono>

namespace ferrule::simulation {

using namespace std::chrono_literals;

/// `ask`: a clean end is told to both sides of a session that was silent for a second, and
/// of which every byte had been acknowledged. What is busy is judged by what the peers sent and by
/// what the proxy's kernel had; answers to a KeyUpdate and writes without memory blur that.
void oracle::check_politeness()
{
    if (manners_.on_proxy_end != ending::proxy_policy::ask || client_.updated_key() ||
        plan_.network.is_short_of_memory || backend_ == nullptr)
        return;
    const auto was_busy = [&](const goodbye& at, time_point when) {
        return at.was_said && (at.data_waited || at.last_data > when - 1s);
    };
    const auto judge = [&](const goodbye& at, const endpoint& to, bool had_ended,
                           const char* whom) {
        expect(had_ended || !was_busy(at, to.fin_queued_at), "E1",
               std::string("a busy session was told as a clean end to the ") + whom);
    };
    const time_point told_client = to_client_.fin_queued_at;
    if (client_.saw_close_notify())
        judge(seen_.to_client, to_client_, to_backend_->read_fin_at <= told_client, "client");
    const time_point told_backend = to_backend_->fin_queued_at;
    const bool is_forgiven =
        (manners_.on_client_truncation == ending::client_policy::fin &&
         to_client_.read_fin_at <= told_backend) ||
        (manners_.on_client_reset == ending::client_policy::fin &&
         std::min(to_client_.first_reset_seen, to_client_.read_reset_at) <= told_backend);
    judge(seen_.to_backend, *to_backend_, seen_.goodbye_read <= told_backend || is_forgiven,
          "backend");
}

/// The other half of it: silence is told as a clean end.
void oracle::check_goodbye_in_silence()
{
    if (!seen_.killed_in_silence || manners_.on_proxy_end != ending::proxy_policy::notify ||
        plan_.network.is_short_of_memory || backend_ == nullptr)
        return;
    // Who vanished has not answered for long: nobody knows whether it had more to say (F52).
    if (client_.tcp().has_vanished() || backend_->tcp().has_vanished())
        return;
    if (seen_.begun_read <= seen_.killed)
        return; // silent in the middle of a message, which is an error then
    expect(to_backend_->fin_queued_at == seen_.killed, "E1",
           "a silent session was killed without a FIN to the backend");
    expect(to_client_.fin_queued_at == seen_.killed || manners_.mode == ending::mode::abort, "E1",
           "a silent session was killed without a goodbye to the client");
}

/// Behind our FIN we read on until the peer's end has been read, or for `linger`, or up to
/// `linger_bytes`: the RST of a kernel that is closed before is ours.
void oracle::check_unread()
{
    const auto read_since_fin = [](const endpoint& of) {
        return of.fin_queued_at == never ? 0 : of.read - of.read_at_fin;
    };
    std::uint64_t read = read_since_fin(to_client_);
    time_point told = to_client_.fin_queued_at;
    if (to_backend_ != nullptr) {
        read += read_since_fin(*to_backend_);
        told = std::min(told, to_backend_->fin_queued_at);
    }
    // The end of a record that was half read before is as long as the record.
    constexpr std::uint64_t one_record = 16'500;
    const base::milliseconds patience = std::min(plan_.shutdown.linger, plan_.shutdown.timeout);
    const auto judge = [&](const endpoint& of, bool end_was_read, const char* whom) {
        if (of.closed_by_reset || !of.reset_was_sent || end_was_read || has_run_out_of_time() ||
            seen_.cut_at <= of.closed_at || read + one_record > plan_.shutdown.linger_bytes)
            return;
        expect(told != never && of.closed_at >= told + patience, "E2",
               std::string("closed with unread input, so that the kernel resets the ") + whom);
    };
    judge(to_client_, seen_.goodbye_read <= to_client_.closed_at || to_client_.read_fin_at != never,
          "client");
    if (to_backend_ != nullptr)
        judge(*to_backend_, to_backend_->read_fin_at != never, "backend");
    check_read_out();
}

/// A backend that has reset is read out before the session acts on it ("A failed write"). And a
/// client that was told an alert is no client that was told an end.
void oracle::check_read_out()
{
    // An end of ours that comes in a later turn gives up what is not read yet.
    const bool was_cut = to_backend_ != nullptr && to_backend_->first_reset_seen < seen_.over &&
                         (told_.second == cause::killed || told_.second == cause::drain ||
                          told_.second == cause::lifetime);
    if (to_backend_ != nullptr && told_.cause == cause::backend_reset && !was_cut &&
        to_backend_->reset_arrived && !has_run_out_of_time())
        expect(to_backend_->arrived == to_backend_->read, "E2",
               "what a backend had sent before its reset was left unread");
    if (client_.saw_alert())
        expect(was(cause::tls_error) || was(cause::handshake_failed) || told_.second != cause::none,
               "E5", "the client saw an alert, and nothing tells why");
}

} // namespace ferrule::simulation
