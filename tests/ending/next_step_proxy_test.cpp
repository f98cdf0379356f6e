// The table of next_step_table_test.cpp, continued: the ends that the proxy itself makes.

#include "ending/script.hpp"

namespace ferrule::ending::script {
namespace {

constexpr rules notify{.mode = mode::notify};
constexpr rules close_half{.half_close = half_close::close};
constexpr rules always_polite{.on_proxy_end = proxy_policy::notify};
constexpr rules never_polite{.on_proxy_end = proxy_policy::reset};

// A row is told line by line.
// clang-format off

const row ends_of_the_proxy[] = {
    {"R110", "a quiet session is over `idle`: its backend is asked to end, and does (E8)", {},
     {{backend_sends, "wait idle"},
      {client_acknowledges, "wait idle"},
      {silence_passes, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait ask"},
      {backend_sends_fin, "finish_client, release_backend, wait stall and ask"},
      {client_acknowledges, "wait close_notify"},
      {client_says_goodbye, "release_client, done"}},
     act::exchanged, act::exchanged, cause::idle_timeout, cause::backend_eof, first_end::proxy},

    {"R110a", "the backend does not answer: the client's answer may not be whole, so a reset", {},
     {{silence_passes, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait ask"},
      {time_passes, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::idle_timeout, cause::half_close_timeout, first_end::proxy},

    {"R110b", "the backend has something to say before it ends: it is delivered", {},
     {{silence_passes, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait ask"},
      {backend_sends_too_much, "wait stall"},
      {client_takes, "wait ask"},
      {backend_sends_fin, "finish_client, release_backend, wait stall and ask"},
      {client_acknowledges, "wait close_notify"},
      {time_passes, "release_client, done"}},
     act::sent, act::exchanged, cause::idle_timeout, cause::backend_eof, first_end::proxy},

    {"R110c", "the backend resets: the client is told so", {},
     {{silence_passes, "finish_backend, wait stall and ask"},
      {backend_resets, "abort_client, release_backend, done"}},
     act::reset, act::gone, cause::idle_timeout, cause::backend_reset, first_end::proxy},

    {"R110d", "the client says goodbye meanwhile: that is its own end", {},
     {{silence_passes, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait ask"},
      {client_says_goodbye, "wait ask"},
      {backend_sends_fin, "finish_client, release_backend, wait stall and ask"},
      {client_acknowledges, "release_client, done"}},
     act::exchanged, act::exchanged, cause::idle_timeout, cause::client_eof, first_end::proxy},

    {"R110e", "the client breaks TLS meanwhile: its alert, never a close_notify", {},
     {{silence_passes, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait ask"},
      {client_breaks_tls, "truncate_client, abort_backend, wait stall and ask"},
      {client_acknowledges, "release_client, done"}},
     act::exchanged, act::reset, cause::idle_timeout, cause::tls_error, first_end::proxy},

    {"R110f", "`mode: notify`: the same, and the client's own end is not waited for", notify,
     {{silence_passes, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait ask"},
      {backend_sends_fin, "finish_client, release_backend, wait stall and ask"},
      {client_acknowledges, "wait linger"},
      {time_passes, "release_client, done"}},
     act::sent, act::exchanged, cause::idle_timeout, cause::backend_eof, first_end::proxy},

    {"R110g", "the deadline bounds a backend that was asked and sends on and on", {},
     {{silence_passes, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait ask"},
      {backend_sends, "wait ask"},
      {deadline_passes, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::idle_timeout, cause::none, first_end::proxy},

    {"R110h", "the cut of a drain ends one that was asked before", {},
     {{drain_asks, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait ask"},
      {drain_cuts_in_silence, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::drain, cause::none, first_end::proxy},

    {"R111", "`ask`, but the session is not quiet: a reset for both", {},
     {{time_passes, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::idle_timeout, cause::none, first_end::proxy},

    {"R111a", "an order ends a session that is not quiet: a reset for both", {},
     {{client_sends, "wait idle"},
      {killed_by_order, "abort_client, wait stall and ask"},
      {backend_acknowledges, "abort_backend, done"}},
     act::reset, act::reset, cause::killed, cause::none, first_end::proxy},

    {"R111b", "a backend that has ended cannot be asked: its client's upload is cut", {},
     {{backend_sends_fin, "finish_client, wait stall and ask"},
      {client_acknowledges, "wait close_notify"},
      {killed_in_silence, "abort_backend, wait close_notify"},
      {client_says_goodbye, "release_client, done"}},
     act::exchanged, act::reset, cause::backend_eof, cause::killed, first_end::backend},

    {"R112", "`on_proxy_end: notify`: told as a clean end, whatever has moved", always_polite,
     {{time_passes, "finish_client, finish_backend, wait stall and ask"},
      {client_acknowledges, "wait stall and ask"},
      {backend_acknowledges, "wait close_notify"},
      {backend_sends_fin, "release_backend, wait close_notify"},
      {client_says_goodbye, "release_client, done"}},
     act::exchanged, act::exchanged, cause::idle_timeout, cause::backend_eof, first_end::proxy},

    {"R112a", "the same for a drain, but the backend is known to be gone: no goodbye (E1)",
     always_polite,
     {{client_says_goodbye, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait half_close"},
      {backend_is_given_up, "wait stall"},
      {drain_cuts, "abort_client, release_backend, done"}},
     act::reset, act::gone, cause::client_eof, cause::backend_reset, first_end::client},

    {"R112b", "`notify`, and neither answers: first `timeout`, then `linger` for the backend",
     always_polite,
     {{silence_passes, "finish_client, finish_backend, wait stall and ask"},
      {client_acknowledges, "wait stall and ask"},
      {backend_acknowledges, "wait close_notify"},
      {time_passes, "release_client, wait linger"},
      {time_passes, "release_backend, done"}},
     act::sent, act::sent, cause::idle_timeout, cause::close_timeout, first_end::proxy},

    {"R112c", "`notify`; the client sends on and on: `linger_bytes` ends it", always_polite,
     {{silence_passes, "finish_client, finish_backend, wait stall and ask"},
      {client_acknowledges, "wait stall and ask"},
      {backend_acknowledges, "wait close_notify"},
      {linger_bytes_are_used_up, "release_client, release_backend, done"}},
     act::sent, act::sent, cause::idle_timeout, cause::none, first_end::proxy},

    {"R112d", "`notify`, and the backend resets: that is how it ended, not how we did",
     always_polite,
     {{silence_passes, "finish_client, finish_backend, wait stall and ask"},
      {client_acknowledges, "wait stall and ask"},
      {backend_resets, "release_backend, wait close_notify"},
      {client_says_goodbye, "release_client, done"}},
     act::exchanged, act::gone, cause::idle_timeout, cause::backend_reset, first_end::proxy},

    {"R113", "`on_proxy_end: reset`: always a reset", never_polite,
     {{silence_passes, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::idle_timeout, cause::none, first_end::proxy},

    {"R115", "`idle` while bytes wait for the client: stalled, and it stays so", {},
     {{backend_sends_too_much, "wait idle"},
      {time_passes, "abort_backend, wait stall"},
      {time_passes, "abort_client, done"}},
     act::reset, act::reset, cause::write_stalled, cause::write_stalled, first_end::proxy},

    {"R116", "`idle` while bytes wait for the backend", {},
     {{client_sends_too_much, "wait idle"},
      {time_passes, "abort_client, wait stall"},
      {time_passes, "abort_backend, done"}},
     act::reset, act::reset, cause::write_stalled, cause::write_stalled, first_end::proxy},

    {"R120", "the same, and the client takes them after all (E2)", {},
     {{backend_sends_too_much, "wait idle"},
      {time_passes, "abort_backend, wait stall"},
      {client_takes, "wait stall and ask"},
      {client_acknowledges, "abort_client, done"}},
     act::reset, act::reset, cause::write_stalled, cause::none, first_end::proxy},

    {"P6a", "a drain cuts a transfer: what was read is delivered, then a reset for both", {},
     {{backend_sends_too_much, "wait idle"},
      {drain_cuts, "abort_backend, wait stall"},
      {client_takes, "wait stall and ask"},
      {client_acknowledges, "abort_client, done"}},
     act::reset, act::reset, cause::drain, cause::none, first_end::proxy},

    {"P6b", "a drain asks a quiet session's backend, which ends: clean for both", {},
     {{drain_asks, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait ask"},
      {backend_sends_fin, "finish_client, release_backend, wait stall and ask"},
      {client_acknowledges, "wait close_notify"},
      {client_says_goodbye, "release_client, done"}},
     act::exchanged, act::exchanged, cause::drain, cause::backend_eof, first_end::proxy},

    {"P6c", "a drain cuts a half-closed session: the first cause stays (E5)", {},
     {{client_says_goodbye, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait half_close"},
      {drain_cuts, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::client_eof, cause::drain, first_end::client},

    {"E5b", "a drain finds nothing to cut once both have ended", {},
     {{client_says_goodbye, "finish_backend, wait stall and ask"},
      {backend_sends_fin, "finish_client, wait stall and ask"},
      {drain_cuts, "wait stall and ask"},
      {client_acknowledges, "release_client, wait stall and ask"},
      {backend_acknowledges, "release_backend, done"}},
     act::exchanged, act::exchanged, cause::client_eof, cause::backend_eof, first_end::client},

    {"E5c", "a drain does not make a rude end polite afterwards, nor is it told", close_half,
     {{client_says_goodbye, "abort_client, finish_backend, wait stall and ask"},
      {drain_cuts_in_silence, "wait stall and ask"},
      {backend_acknowledges, "abort_backend, done"}},
     act::reset, act::reset, cause::client_eof, cause::none, first_end::client},

    {"E1b", "a fatal alert answers our goodbye: an end as good as any other", always_polite,
     {{silence_passes, "finish_client, finish_backend, wait stall and ask"},
      {client_acknowledges, "wait stall and ask"},
      {backend_acknowledges, "wait close_notify"},
      {backend_sends_fin, "release_backend, wait close_notify"},
      {client_breaks_tls, "release_client, done"}},
     act::exchanged, act::exchanged, cause::idle_timeout, cause::backend_eof, first_end::proxy},
};

const row trouble_of_ours[] = {
    {"E9a", "a fault of our own: both sides are reset at once, and it is the cause", {},
     {{backend_sends_too_much, "wait idle"},
      {something_breaks, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::internal, cause::none, first_end::proxy},

    {"E9b", "the same behind both ends: it is told all the same", {},
     {{client_says_goodbye, "finish_backend, wait stall and ask"},
      {something_breaks, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::client_eof, cause::internal, first_end::client},

    {"E9c", "the same in the handshake", {},
     {{breaks_in_handshake, "abort_client, done"}},
     act::reset, act::none, cause::internal, cause::none, first_end::proxy},

    {"E9d", "memory runs out: nothing is waited for", {},
     {{backend_sends_too_much, "wait idle"},
      {memory_runs_out, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::limit, cause::none, first_end::proxy},
};

// clang-format on

class own_ends : public stories {};

TEST_P(own_ends, go_as_the_table_says)
{
    tell(GetParam());
}

INSTANTIATE_TEST_SUITE_P(trouble_of_ours, own_ends, ::testing::ValuesIn(trouble_of_ours), id_of);
INSTANTIATE_TEST_SUITE_P(ends_of_the_proxy, own_ends, ::testing::ValuesIn(ends_of_the_proxy),
                         id_of);

} // namespace
} // namespace ferrule::ending::script
