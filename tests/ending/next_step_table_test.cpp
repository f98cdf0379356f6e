// The table of endings that peers make, with the default rules. It reads like docs/endings.md: what
// happens, event by event, and what the closer says about each.
//
// Longer than 300 lines because it is one table.

#include "ending/script.hpp"

namespace ferrule::ending::script {
namespace {

// A row is told line by line.
// clang-format off

const row clean_ends[] = {
    {"R1", "the backend answers and ends; the client says goodbye", {},
     {{backend_sends, "wait idle"},
      {backend_sends_fin, "finish_client, wait stall and ask"},
      {client_acknowledges, "wait close_notify"},
      {client_says_goodbye, "release_client, finish_backend, wait stall and ask"},
      {backend_acknowledges, "release_backend, done"}},
     act::exchanged, act::exchanged, cause::backend_eof, cause::client_eof, first_end::backend},

    {"R2", "the client asks and says goodbye; the backend answers for as long as it likes (E3)", {},
     {{client_sends, "wait idle"},
      {client_says_goodbye, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait half_close"},
      {backend_sends, "wait half_close"},
      {client_acknowledges, "wait half_close"},
      {backend_sends_too_much, "wait stall"},
      {client_takes, "wait half_close"},
      {backend_sends_fin, "finish_client, release_backend, wait stall and ask"},
      {client_acknowledges, "release_client, done"}},
     act::exchanged, act::exchanged, cause::client_eof, cause::backend_eof, first_end::client},

    {"R4", "the backend ends without a byte; the client uploads for as long as it likes (E3)", {},
     {{backend_sends_fin, "finish_client, wait stall and ask"},
      {client_acknowledges, "wait close_notify"},
      {client_sends, "wait close_notify"},
      {client_sends_too_much, "wait stall"},
      {backend_takes, "wait close_notify"},
      {client_says_goodbye, "release_client, finish_backend, wait stall and ask"},
      {backend_acknowledges, "release_backend, done"}},
     act::exchanged, act::exchanged, cause::backend_eof, cause::client_eof, first_end::backend},

    {"R6", "the client sends more than the backend takes, and its goodbye behind it (E2)", {},
     {{client_sends_too_much, "wait idle"},
      {client_says_goodbye, "wait stall"},
      {backend_takes, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait half_close"},
      {backend_sends_fin, "finish_client, release_backend, wait stall and ask"},
      {client_acknowledges, "release_client, done"}},
     act::exchanged, act::exchanged, cause::client_eof, cause::backend_eof, first_end::client},

    {"R7", "goodbye from the client and FIN from the backend, no byte at all", {},
     {{client_says_goodbye, "finish_backend, wait stall and ask"},
      {backend_sends_fin, "finish_client, wait stall and ask"},
      {backend_acknowledges, "release_backend, wait stall and ask"},
      {client_acknowledges, "release_client, done"}},
     act::exchanged, act::exchanged, cause::client_eof, cause::backend_eof, first_end::client},

    {"R12", "both ends cross each other", {},
     {{backend_sends_fin, "finish_client, wait stall and ask"},
      {client_says_goodbye, "finish_backend, wait stall and ask"},
      {client_acknowledges, "release_client, wait stall and ask"},
      {backend_acknowledges, "release_backend, done"}},
     act::exchanged, act::exchanged, cause::backend_eof, cause::client_eof, first_end::backend},

    {"E2a", "the backend has answered, ended, and is given up by the kernel: a whole exchange", {},
     {{client_sends, "wait idle"},
      {client_says_goodbye, "finish_backend, wait stall and ask"},
      {backend_sends, "wait stall and ask"},
      {backend_sends_fin, "finish_client, wait stall and ask"},
      {backend_is_given_up, "release_backend, wait stall and ask"},
      {client_acknowledges, "release_client, done"}},
     act::exchanged, act::gone, cause::client_eof, cause::backend_eof, first_end::client},

    {"E2b", "the backend is given up before its answer and its FIN are read: they still count", {},
     {{client_says_goodbye, "finish_backend, wait stall and ask"},
      {backend_is_given_up, "wait stall"},
      {backend_sends, "wait stall"},
      {backend_sends_fin, "finish_client, release_backend, wait stall and ask"},
      {client_acknowledges, "release_client, done"}},
     act::exchanged, act::gone, cause::client_eof, cause::backend_eof, first_end::client},
};

const row bad_ends_of_the_backend[] = {
    {"R20", "the backend resets in the middle of its answer: delivered, then a reset (E1)", {},
     {{backend_sends, "wait idle"},
      {backend_resets, "release_backend, wait stall and ask"},
      {client_acknowledges, "abort_client, done"}},
     act::reset, act::gone, cause::backend_reset, cause::none, first_end::backend},

    {"R21", "the same while bytes wait for the client: they are delivered first (E2)", {},
     {{backend_sends_too_much, "wait idle"},
      {backend_resets, "release_backend, wait stall"},
      {client_takes, "wait stall and ask"},
      {client_acknowledges, "abort_client, done"}},
     act::reset, act::gone, cause::backend_reset, cause::none, first_end::backend},

    {"E4a", "the same, and the client takes nothing: stall_timeout bounds it", {},
     {{backend_sends_too_much, "wait idle"},
      {backend_resets, "release_backend, wait stall"},
      {time_passes, "abort_client, done"}},
     act::reset, act::gone, cause::backend_reset, cause::write_stalled, first_end::backend},

    {"E4b", "the same, and the client takes a little again and again: deadline bounds it", {},
     {{backend_sends_too_much, "wait idle"},
      {backend_resets, "release_backend, wait stall"},
      {client_takes, "wait stall and ask"},
      {deadline_passes, "abort_client, done"}},
     act::reset, act::gone, cause::backend_reset, cause::none, first_end::backend},

    {"R22", "the backend accepts and resets", {},
     {{backend_resets, "abort_client, release_backend, done"}},
     act::reset, act::gone, cause::backend_reset, cause::none, first_end::backend},

    {"R24", "an upload is refused: the backend's answer is read out before its reset counts", {},
     {{client_sends_too_much, "wait idle"},
      {backend_refuses_bytes, "wait stall"},
      {backend_sends, "wait stall"},
      {backend_resets, "release_backend, wait stall and ask"},
      {client_acknowledges, "abort_client, done"}},
     act::reset, act::gone, cause::backend_reset, cause::none, first_end::backend},

    {"E4c", "an upload is refused, and the answer cannot be read out: stall_timeout bounds it", {},
     {{client_sends_too_much, "wait idle"},
      {backend_refuses_bytes, "wait stall"},
      {time_passes, "abort_client, release_backend, done"}},
     act::reset, act::gone, cause::backend_reset, cause::write_stalled, first_end::backend},

    {"R25", "the client has said goodbye; the backend answers, then resets", {},
     {{client_sends, "wait idle"},
      {client_says_goodbye, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait half_close"},
      {backend_sends, "wait half_close"},
      {backend_resets, "release_backend, wait stall and ask"},
      {client_acknowledges, "abort_client, done"}},
     act::reset, act::gone, cause::client_eof, cause::backend_reset, first_end::client},

    {"E6a", "the backend has ended and refuses what the client still uploads: lost, and told", {},
     {{backend_sends_fin, "finish_client, wait stall and ask"},
      {client_acknowledges, "wait close_notify"},
      {client_sends_too_much, "wait stall"},
      {backend_refuses_bytes, "release_backend, wait close_notify"},
      {client_says_goodbye, "release_client, done"}},
     act::exchanged, act::gone, cause::backend_eof, cause::backend_reset, first_end::backend},
};

const row bad_ends_of_the_client[] = {
    {"R30", "the client's FIN comes without close_notify: the backend gets a reset (E1)", {},
     {{client_sends, "wait idle"},
      {client_truncates, "abort_client, wait stall and ask"},
      {backend_acknowledges, "abort_backend, done"}},
     act::reset, act::reset, cause::client_truncated, cause::none, first_end::client},

    {"R31", "the same while bytes wait both ways: all that was read is delivered (E2)", {},
     {{client_sends_too_much, "wait idle"},
      {backend_sends_too_much, "wait idle"},
      {client_truncates, "wait stall"},
      {client_takes, "wait stall and ask"},
      {client_acknowledges, "abort_client, wait stall"},
      {backend_takes, "wait stall and ask"},
      {backend_acknowledges, "abort_backend, done"}},
     act::reset, act::reset, cause::client_truncated, cause::none, first_end::client},

    {"E4d", "the same, and the backend takes nothing: stall_timeout bounds it", {},
     {{client_sends_too_much, "wait idle"},
      {client_truncates, "abort_client, wait stall"},
      {time_passes, "abort_backend, done"}},
     act::reset, act::reset, cause::client_truncated, cause::write_stalled, first_end::client},

    {"R33", "the client resets behind its upload: delivered, then a reset", {},
     {{client_sends_too_much, "wait idle"},
      {client_resets, "release_client, wait stall"},
      {backend_takes, "wait stall and ask"},
      {backend_acknowledges, "abort_backend, done"}},
     act::gone, act::reset, cause::client_reset, cause::none, first_end::client},

    {"R34", "the client resets in the middle of a download", {},
     {{backend_sends_too_much, "wait idle"},
      {client_resets, "release_client, abort_backend, done"}},
     act::gone, act::reset, cause::client_reset, cause::none, first_end::client},

    {"R35", "the client has said goodbye and resets in the middle of the answer", {},
     {{client_says_goodbye, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait half_close"},
      {backend_sends, "wait half_close"},
      {client_refuses_bytes, "release_client, abort_backend, done"}},
     act::gone, act::reset, cause::client_eof, cause::client_reset, first_end::client},

    {"R36", "the backend has ended; the client uploads, then FIN without close_notify", {},
     {{backend_sends, "wait idle"},
      {backend_sends_fin, "finish_client, wait stall and ask"},
      {client_acknowledges, "wait close_notify"},
      {client_sends, "wait close_notify"},
      {client_truncates, "release_client, wait stall and ask"},
      {backend_acknowledges, "abort_backend, done"}},
     act::exchanged, act::reset, cause::backend_eof, cause::client_truncated, first_end::backend},

    {"R37", "the backend has ended; the client uploads, then resets", {},
     {{backend_sends_fin, "finish_client, wait stall and ask"},
      {client_acknowledges, "wait close_notify"},
      {client_sends, "wait close_notify"},
      {client_resets, "release_client, wait stall and ask"},
      {backend_acknowledges, "abort_backend, done"}},
     act::gone, act::reset, cause::backend_eof, cause::client_reset, first_end::backend},

    {"R40", "a record is broken: our alert and a FIN, a reset for the backend, no close_notify", {},
     {{client_sends, "wait idle"},
      {client_breaks_tls, "truncate_client, wait stall and ask"},
      {client_acknowledges, "wait stall and ask"},
      {backend_acknowledges, "abort_backend, wait linger"},
      {time_passes, "release_client, done"}},
     act::exchanged, act::reset, cause::tls_error, cause::none, first_end::client},

    {"R41", "a fatal alert comes behind the backend's answer: no close_notify answers it", {},
     {{backend_sends_too_much, "wait idle"},
      {client_breaks_tls, "abort_backend, wait stall"},
      {client_takes, "truncate_client, wait stall and ask"},
      {client_acknowledges, "wait linger"},
      {client_truncates, "release_client, done"}},
     act::exchanged, act::reset, cause::tls_error, cause::none, first_end::client},

    {"E1a", "a fatal alert comes after the backend's clean end, before it is told", {},
     {{backend_sends_too_much, "wait idle"},
      {backend_sends_fin, "wait stall"},
      {client_breaks_tls, "abort_backend, wait stall"},
      {client_takes, "truncate_client, wait stall and ask"},
      {client_acknowledges, "wait linger"},
      {time_passes, "release_client, done"}},
     act::exchanged, act::reset, cause::backend_eof, cause::tls_error, first_end::backend},

    {"R45", "half a handshake message is in the way, and no alert can be made: a reset (E1)", {},
     {{backend_sends, "wait idle"},
      {tls_fails_without_alert, "abort_backend, wait stall and ask"},
      {client_acknowledges, "abort_client, done"}},
     act::reset, act::reset, cause::tls_error, cause::none, first_end::client},

    {"R46", "TLS fails behind the client's own clean end: its end stands, the answer is cut", {},
     {{client_says_goodbye, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait half_close"},
      {client_breaks_tls, "truncate_client, abort_backend, wait stall and ask"},
      {client_acknowledges, "wait linger"},
      {client_truncates, "release_client, done"}},
     act::exchanged, act::reset, cause::client_eof, cause::tls_error, first_end::client},

    {"R47", "TLS cannot say goodbye although both have ended: never a bare FIN", {},
     {{client_says_goodbye, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait half_close"},
      {backend_sends_too_much, "wait stall"},
      {backend_sends_fin, "release_backend, wait stall"},
      {tls_fails_without_alert, "wait stall"},
      {client_takes, "wait stall and ask"},
      {client_acknowledges, "abort_client, done"}},
     act::reset, act::exchanged, cause::client_eof, cause::backend_eof, first_end::client},

    {"R44", "both sides reset", {},
     {{client_sends, "wait idle"},
      {backend_sends, "wait idle"},
      {backend_resets, "release_backend, wait stall and ask"},
      {client_refuses_bytes, "release_client, done"}},
     act::gone, act::gone, cause::backend_reset, cause::none, first_end::backend},
};

const row starts[] = {
    {"R50", "no server takes the connection: a reset once the handshake has arrived", {},
     {{no_server_takes_it, "wait stall and ask"}, {client_acknowledges, "abort_client, done"}},
     act::reset, act::none, cause::no_backend, cause::none, first_end::backend},

    {"R50a", "no server, and the client does not take the handshake either", {},
     {{no_server_takes_it, "wait stall and ask"}, {time_passes, "abort_client, done"}},
     act::reset, act::none, cause::no_backend, cause::write_stalled, first_end::backend},

    {"P10", "no descriptor is left for a backend: the proxy's own end, and never a clean one", {},
     {{no_descriptor_is_left, "wait stall and ask"}, {client_acknowledges, "abort_client, done"}},
     act::reset, act::none, cause::limit, cause::none, first_end::proxy},

    {"E5a", "the client resets while we connect", {},
     {{client_resets_early, "release_client, done"}},
     act::gone, act::none, cause::client_reset, cause::none, first_end::client},

    {"R52", "the connect takes too long: a reset", {},
     {{connect_takes_too_long, "wait stall and ask"}, {client_acknowledges, "abort_client, done"}},
     act::reset, act::none, cause::no_backend, cause::none, first_end::backend},

    {"P6d", "a drain is over while we connect: a reset, and no connection", {},
     {{drain_cuts_a_connect, "wait stall and ask"}, {client_acknowledges, "abort_client, done"}},
     act::reset, act::none, cause::drain, cause::none, first_end::proxy},

    {"R60", "a probe", {},
     {{client_probes, "release_client, done"}},
     act::gone, act::none, cause::probe, cause::none, first_end::client},

    {"R64", "the client leaves in the middle of the handshake", {},
     {{client_leaves_handshake, "release_client, done"}},
     act::gone, act::none, cause::handshake_failed, cause::none, first_end::client},

    {"R63", "a handshake fails: the alert and a FIN, so that the alert stays readable", {},
     {{handshake_is_refused, "truncate_client, wait stall and ask"},
      {client_acknowledges, "wait linger"},
      {time_passes, "release_client, done"}},
     act::exchanged, act::none, cause::handshake_failed, cause::none, first_end::client},

    {"R66", "a handshake takes too long: a reset", {},
     {{handshake_takes_too_long, "wait stall and ask"},
      {client_acknowledges, "abort_client, done"}},
     act::reset, act::none, cause::handshake_failed, cause::none, first_end::client},

    {"P6e", "an order ends a handshake: a reset", {},
     {{killed_in_handshake, "wait stall and ask"}, {client_acknowledges, "abort_client, done"}},
     act::reset, act::none, cause::killed, cause::none, first_end::proxy},
};

// clang-format on

class endings : public stories {};

TEST_P(endings, go_as_the_table_says)
{
    tell(GetParam());
}

INSTANTIATE_TEST_SUITE_P(clean_ends, endings, ::testing::ValuesIn(clean_ends), id_of);
INSTANTIATE_TEST_SUITE_P(bad_ends_of_the_backend, endings,
                         ::testing::ValuesIn(bad_ends_of_the_backend), id_of);
INSTANTIATE_TEST_SUITE_P(bad_ends_of_the_client, endings,
                         ::testing::ValuesIn(bad_ends_of_the_client), id_of);
INSTANTIATE_TEST_SUITE_P(starts, endings, ::testing::ValuesIn(starts), id_of);

} // namespace
} // namespace ferrule::ending::script
