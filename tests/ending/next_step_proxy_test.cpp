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
    {"R110", "`idle` after a second of silence: goodbye to both, and both answer", {},
     {{backend_sends, "wait idle"},
      {client_acknowledges, "wait idle"},
      {silence_passes, "finish_client, finish_backend, wait drain and ask"},
      {client_acknowledges, "wait drain and ask"},
      {backend_acknowledges, "wait close_notify"},
      {client_says_goodbye, "release_client, wait linger"},
      {backend_sends_fin, "release_backend, done"}},
     act::exchanged, act::exchanged, cause::idle_timeout, cause::client_eof, first_end::proxy},

    {"R110a", "the same, and neither answers: first `timeout`, then `linger` for the backend", {},
     {{silence_passes, "finish_client, finish_backend, wait drain and ask"},
      {client_acknowledges, "wait drain and ask"},
      {backend_acknowledges, "wait close_notify"},
      {time_passes, "release_client, wait linger"},
      {time_passes, "release_backend, done"}},
     act::sent, act::sent, cause::idle_timeout, cause::close_timeout, first_end::proxy},

    {"R110d", "the client sends on and on in place of an answer: `linger_bytes` ends it", {},
     {{silence_passes, "finish_client, finish_backend, wait drain and ask"},
      {client_acknowledges, "wait drain and ask"},
      {backend_acknowledges, "wait close_notify"},
      {linger_bytes_are_used_up, "release_client, release_backend, done"}},
     act::sent, act::sent, cause::idle_timeout, cause::none, first_end::proxy},

    {"R110b", "the same with `mode: notify`: `linger` for both", notify,
     {{silence_passes, "finish_client, finish_backend, wait drain and ask"},
      {client_acknowledges, "wait drain and ask"},
      {backend_acknowledges, "wait linger"},
      {time_passes, "release_client, release_backend, done"}},
     act::sent, act::sent, cause::idle_timeout, cause::none, first_end::proxy},

    {"R110c", "a polite end meets a peer that resets: that is how it ended, not how we did", {},
     {{silence_passes, "finish_client, finish_backend, wait drain and ask"},
      {client_acknowledges, "wait drain and ask"},
      {backend_resets, "release_backend, wait close_notify"},
      {client_says_goodbye, "release_client, done"}},
     act::exchanged, act::gone, cause::idle_timeout, cause::backend_reset, first_end::proxy},

    {"R111", "`idle-polite`, but bytes have just moved: a reset for both", {},
     {{time_passes, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::idle_timeout, cause::none, first_end::proxy},

    {"R112", "`on_proxy_end: notify`: polite whatever has moved", always_polite,
     {{time_passes, "finish_client, finish_backend, wait drain and ask"},
      {client_acknowledges, "wait drain and ask"},
      {backend_acknowledges, "wait close_notify"},
      {backend_sends_fin, "release_backend, wait close_notify"},
      {client_says_goodbye, "release_client, done"}},
     act::exchanged, act::exchanged, cause::idle_timeout, cause::backend_eof, first_end::proxy},

    {"R112a", "the same for a drain, but the backend is known to be gone: no goodbye (E1)",
     always_polite,
     {{client_says_goodbye, "finish_backend, wait drain and ask"},
      {backend_acknowledges, "wait half_close"},
      {backend_is_given_up, "wait drain"},
      {drain_cuts, "abort_client, release_backend, done"}},
     act::reset, act::gone, cause::client_eof, cause::backend_reset, first_end::client},

    {"R113", "`on_proxy_end: reset`: never polite", never_polite,
     {{silence_passes, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::idle_timeout, cause::none, first_end::proxy},

    {"R115", "`idle` while bytes wait for the client: stalled, and it stays so", {},
     {{backend_sends_too_much, "wait idle"},
      {time_passes, "abort_backend, wait drain"},
      {time_passes, "abort_client, done"}},
     act::reset, act::reset, cause::write_stalled, cause::write_stalled, first_end::proxy},

    {"R116", "`idle` while bytes wait for the backend", {},
     {{client_sends_too_much, "wait idle"},
      {time_passes, "abort_client, wait drain"},
      {time_passes, "abort_backend, done"}},
     act::reset, act::reset, cause::write_stalled, cause::write_stalled, first_end::proxy},

    {"R120", "the same, and the client takes them after all (E2)", {},
     {{backend_sends_too_much, "wait idle"},
      {time_passes, "abort_backend, wait drain"},
      {client_takes, "wait drain and ask"},
      {client_acknowledges, "abort_client, done"}},
     act::reset, act::reset, cause::write_stalled, cause::none, first_end::proxy},

    {"P6a", "a drain cuts a transfer: what was read is delivered, then a reset for both", {},
     {{backend_sends_too_much, "wait idle"},
      {drain_cuts, "abort_backend, wait drain"},
      {client_takes, "wait drain and ask"},
      {client_acknowledges, "abort_client, done"}},
     act::reset, act::reset, cause::drain, cause::none, first_end::proxy},

    {"P6b", "a drain cuts a silent session: goodbye to both", {},
     {{drain_cuts_in_silence, "finish_client, finish_backend, wait drain and ask"},
      {client_acknowledges, "wait drain and ask"},
      {backend_acknowledges, "wait close_notify"},
      {client_says_goodbye, "release_client, wait linger"},
      {backend_sends_fin, "release_backend, done"}},
     act::exchanged, act::exchanged, cause::drain, cause::client_eof, first_end::proxy},

    {"P6c", "a drain cuts a half-closed session: the first cause stays (E5)", {},
     {{client_says_goodbye, "finish_backend, wait drain and ask"},
      {backend_acknowledges, "wait half_close"},
      {drain_cuts, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::client_eof, cause::drain, first_end::client},

    {"E5b", "a drain finds nothing to cut once both have ended", {},
     {{client_says_goodbye, "finish_backend, wait drain and ask"},
      {backend_sends_fin, "finish_client, wait drain and ask"},
      {drain_cuts, "wait drain and ask"},
      {client_acknowledges, "release_client, wait drain and ask"},
      {backend_acknowledges, "release_backend, done"}},
     act::exchanged, act::exchanged, cause::client_eof, cause::backend_eof, first_end::client},

    {"E5c", "a drain does not make a rude end polite afterwards, nor is it told", close_half,
     {{client_says_goodbye, "abort_client, finish_backend, wait drain and ask"},
      {drain_cuts_in_silence, "wait drain and ask"},
      {backend_acknowledges, "abort_backend, done"}},
     act::reset, act::reset, cause::client_eof, cause::none, first_end::client},

    {"E1b", "a fatal alert answers our goodbye: an end as good as any other", {},
     {{silence_passes, "finish_client, finish_backend, wait drain and ask"},
      {client_acknowledges, "wait drain and ask"},
      {backend_acknowledges, "wait close_notify"},
      {backend_sends_fin, "release_backend, wait close_notify"},
      {client_breaks_tls, "release_client, done"}},
     act::exchanged, act::exchanged, cause::idle_timeout, cause::backend_eof, first_end::proxy},
};

// clang-format on

class own_ends : public stories {};

TEST_P(own_ends, go_as_the_table_says)
{
    tell(GetParam());
}

INSTANTIATE_TEST_SUITE_P(ends_of_the_proxy, own_ends, ::testing::ValuesIn(ends_of_the_proxy),
                         id_of);

} // namespace
} // namespace ferrule::ending::script
