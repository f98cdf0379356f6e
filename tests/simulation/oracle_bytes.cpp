// E2 and E6: what became of the bytes.
#include "simulation/oracle.hpp"

#include <algorithm>

namespace ferrule::simulation {

namespace {

/// Towards the client, loss is known in ciphertext only, so to a record.
constexpr std::uint64_t one_record = 16'500;

std::string number(std::uint64_t value)
{
    return std::to_string(value);
}

} // namespace

/// Plain TCP: every byte is known to the kernel, so the count must be exact.
void oracle::check_to_backend()
{
    const std::uint64_t read = told_.bytes[0];
    const std::uint64_t lost = told_.lost[0];
    expect(read <= client_.sent(), "E6", "more was read from the client than it sent");
    if (backend_ == nullptr)
        return;
    expect(!backend_->is_spoiled(), "E6", "the backend got other bytes than the client sent");
    expect(backend_->received() <= read, "E6", "the backend got more than was read");
    expect(to_backend_->written <= read, "E6", "more was written to the backend than was read");
    if (to_backend_->written > read)
        return;
    const std::uint64_t unsent = read - to_backend_->written;
    const std::uint64_t held = to_backend_->unacknowledged_at_close;
    const bool by_us = to_backend_->closed_by_reset;
    const bool may_die = by_us && lost == unsent + held;
    const bool must_die = by_us && !to_backend_->reset_arrived;
    expect(may_die || (lost == unsent && !(must_die && held > 0)), "E6",
           "to_backend: lost " + number(lost) + ", but " + number(unsent) +
               " were never written and " + number(held) + " never acknowledged");
    expect(lost + told_.unconfirmed[0] == unsent + held, "E6",
           "to_backend: " + number(told_.unconfirmed[0]) + " unconfirmed and " + number(lost) +
               " lost, but " + number(unsent) + " were never written and " + number(held) +
               " never acknowledged");
    // E2
    const bool reset_by_us = to_backend_->closed_by_reset || to_backend_->reset_was_sent;
    expect(!reset_by_us || held == 0 || to_backend_->reset_arrived || has_run_out_of_time(), "E2",
           "an RST to the backend destroyed " + number(held) + " bytes");
    const bool nobody_left = to_backend_->reset_arrived || backend_->tcp().did_reset();
    // What comes from a side that was told our end already is thrown away.
    const bool was_told = to_backend_->fin_queued || to_client_.fin_queued;
    expect(unsent == 0 || nobody_left || has_run_out_of_time() || was_told, "E2",
           number(unsent) + " bytes were never written to a backend that lived");
}

void oracle::check_to_client()
{
    const std::uint64_t read = told_.bytes[1];
    const std::uint64_t lost = told_.lost[1];
    if (backend_ == nullptr)
        return;
    expect(read == to_backend_->read, "E6",
           "to_client: " + number(to_backend_->read) + " bytes were read, told are " +
               number(read));
    expect(!client_.is_spoiled(), "E6", "the client got other bytes than the backend sent");
    expect(client_.received() <= read, "E6", "the client got more than was read");
    expect(lost + told_.unconfirmed[1] <= read, "E6", "more was lost or unconfirmed than was read");
    const std::uint64_t held = to_client_.unacknowledged_at_close;
    const bool reset_by_us = to_client_.closed_by_reset || to_client_.reset_was_sent;
    // Handshake and tickets, and answers to a KeyUpdate, are no bytes of anybody's.
    const bool is_data = to_backend_->first_read_at < to_client_.closed_at &&
                         to_client_.written > seen_.handshake_bytes && !client_.updated_key();
    expect(!reset_by_us || held == 0 || !is_data || to_client_.reset_arrived ||
               has_run_out_of_time(),
           "E2", "an RST to the client destroyed " + number(held) + " bytes of ciphertext");
    const far_side& tcp = client_.tcp();
    if (tcp.did_reset() || tcp.has_vanished() || client_.received() > read ||
        client_.spoiled_at() == 0)
        return; // what it had not read died with it, acknowledged or not
    const std::uint64_t missing = read - client_.received();
    const std::string numbers = "to_client: read " + number(read) + ", received " +
                                number(client_.received()) + ", lost " + number(lost);
    expect(missing == 0 || lost > 0, "E6", numbers);
    expect(missing <= lost + one_record, "E6", numbers);
    expect(has_run_out_of_time() || lost <= missing + one_record, "E6", numbers);
    expect(lost == 0 || missing > 0 || has_run_out_of_time(), "E6", numbers);
    expect(missing == 0 || has_run_out_of_time() || to_client_.fin_queued ||
               to_backend_->fin_queued || to_client_.reset_arrived,
           "E2", numbers + "; the client lived");
}

void oracle::check_outcome()
{
    using ending::outcome;
    const std::uint64_t lost = told_.lost[0] + told_.lost[1];
    expect((lost > 0) == (told_.outcome == outcome::lost), "E6",
           "the outcome does not fit the loss");
    const auto is_whole = [](const endpoint& of) {
        return of.unacknowledged_at_close == 0 && !of.fin_unacknowledged_at_close;
    };
    const std::uint64_t unconfirmed = told_.unconfirmed[0] + told_.unconfirmed[1];
    const bool claims_all = told_.outcome == outcome::clean || told_.outcome == outcome::cut;
    expect(unconfirmed == 0 || !claims_all, "E6", "all was acknowledged, with unconfirmed bytes");
    expect((told_.outcome == outcome::none) == (to_backend_ == nullptr), "E5",
           "the outcome is none of a session that was, or another one of none");
    if (told_.outcome == outcome::clean) {
        expect(seen_.goodbye_read != never && to_backend_->fin_arrived, "E5",
               "clean, but a side has not ended clean");
        expect(!to_client_.reset_was_sent && !to_backend_->reset_was_sent, "E5",
               "clean, but a side was reset");
    }
    if (claims_all) {
        const bool has_all = client_.updated_key() && client_.received() == told_.bytes[1];
        expect(to_client_.reset_arrived || was(cause::probe) || was(cause::handshake_failed) ||
                   is_whole(to_client_) ||
                   ((told_.bytes[1] == 0 || has_all) && !to_client_.fin_queued),
               "E6", "the client has not acknowledged everything, and the outcome claims it");
        if (to_backend_ != nullptr)
            expect(to_backend_->unacknowledged_at_close == 0 &&
                       (to_backend_->reset_arrived || is_whole(*to_backend_)),
                   "E6", "the backend has not acknowledged everything, and the outcome claims it");
    }
    if (told_.outcome == outcome::unconfirmed)
        expect(!is_whole(to_client_) || (to_backend_ != nullptr && !is_whole(*to_backend_)), "E6",
               "unconfirmed, but everything was acknowledged");
    // E3
    const bool carries = manners_.half_close == ending::half_close::carry;
    if (told_.second == cause::none && carries && backend_ != nullptr) {
        expect(told_.cause != cause::client_eof, "E3", "the client's end ended the session");
        expect(told_.cause != cause::backend_eof || manners_.mode != ending::mode::wait, "E3",
               "the backend's end ended the session");
    }
    const bool both_clean =
        (told_.cause == cause::client_eof && told_.second == cause::backend_eof) ||
        (told_.second == cause::client_eof && told_.cause == cause::backend_eof);
    if (both_clean && carries && manners_.mode == ending::mode::wait && !has_run_out_of_time() &&
        !client_.tcp().did_reset() && !backend_->tcp().did_reset() &&
        !client_.tcp().has_vanished() && !backend_->tcp().has_vanished()) {
        expect(told_.outcome == outcome::clean, "E3", "two clean ends, and not clean");
        expect(backend_->received() == client_.sent() &&
                   client_.received() == backend_->tcp().tcp().written,
               "E3", "two clean ends, and not all bytes");
    }
}

} // namespace ferrule::simulation
