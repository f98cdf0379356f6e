// The table of next_step_table_test.cpp, continued: what the `shutdown` block changes.

#include "ending/script.hpp"

namespace ferrule::ending::script {
namespace {

constexpr rules notify{.mode = mode::notify};
constexpr rules abort{.mode = mode::abort};
constexpr rules close_half{.half_close = half_close::close};
constexpr rules close_half_politely{.half_close = half_close::close,
                                    .on_proxy_end = proxy_policy::notify};
constexpr rules always_polite{.on_proxy_end = proxy_policy::notify};
constexpr rules truncation_is_fin{.on_client_truncation = client_policy::fin};
constexpr rules notify_and_truncation_is_fin{.mode = mode::notify,
                                             .on_client_truncation = client_policy::fin};
constexpr rules reset_is_fin{.on_client_reset = client_policy::fin};
constexpr rules truncate{.on_backend_reset = backend_policy::truncate};

// A row is told line by line.
// clang-format off

const row the_shutdown_block[] = {
    {"R80", "`timeout`: the client never answers; it has not ended, so the backend is reset", {},
     {{backend_sends, "wait idle"},
      {backend_sends_fin, "finish_client, wait stall and ask"},
      {client_acknowledges, "wait close_notify"},
      {time_passes, "release_client, abort_backend, done"}},
     act::sent, act::reset, cause::backend_eof, cause::close_timeout, first_end::backend},

    {"R80a", "the same with an upload in flight: it is delivered before the reset (E2)", {},
     {{client_sends, "wait idle"},
      {backend_sends_fin, "finish_client, wait stall and ask"},
      {client_acknowledges, "wait close_notify"},
      {time_passes, "release_client, wait stall and ask"},
      {backend_acknowledges, "abort_backend, done"}},
     act::sent, act::reset, cause::backend_eof, cause::close_timeout, first_end::backend},

    {"R82", "`mode: notify`: we do not wait for the client, and so the backend is reset", notify,
     {{backend_sends, "wait idle"},
      {backend_sends_fin, "finish_client, abort_backend, wait stall and ask"},
      {client_acknowledges, "wait linger"},
      {time_passes, "release_client, done"}},
     act::sent, act::reset, cause::backend_eof, cause::none, first_end::backend},

    {"R83", "`mode: notify`; the client says goodbye at once", notify,
     {{backend_sends_fin, "finish_client, abort_backend, wait stall and ask"},
      {client_acknowledges, "wait linger"},
      {client_says_goodbye, "release_client, done"}},
     act::exchanged, act::reset, cause::backend_eof, cause::client_eof, first_end::backend},

    {"R84", "`mode: notify`; the client sends on and on: `linger_bytes` ends it", notify,
     {{client_sends, "wait idle"},
      {backend_sends_fin, "finish_client, wait stall and ask"},
      {client_acknowledges, "wait stall and ask"},
      {backend_acknowledges, "abort_backend, wait linger"},
      {linger_bytes_are_used_up, "release_client, done"}},
     act::sent, act::reset, cause::backend_eof, cause::none, first_end::backend},

    {"R84a", "`linger_bytes` never ends what the client has not acknowledged (E2)", notify,
     {{backend_sends_fin, "finish_client, abort_backend, wait stall and ask"},
      {linger_bytes_are_used_up, "wait stall and ask"},
      {client_acknowledges, "release_client, done"}},
     act::sent, act::reset, cause::backend_eof, cause::none, first_end::backend},

    {"R82a", "`mode: notify`; the client has said goodbye before: a whole exchange", notify,
     {{client_says_goodbye, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait half_close"},
      {backend_sends_fin, "finish_client, release_backend, wait stall and ask"},
      {client_acknowledges, "release_client, done"}},
     act::exchanged, act::exchanged, cause::client_eof, cause::backend_eof, first_end::client},

    {"R85", "`mode: abort`: no close_notify; a reset once all has arrived", abort,
     {{backend_sends, "wait idle"},
      {backend_sends_fin, "wait stall and ask"},
      {client_acknowledges, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::backend_eof, cause::none, first_end::backend},

    {"R85a", "`mode: abort` does not change what the backend is told", abort,
     {{client_sends, "wait idle"},
      {client_says_goodbye, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait half_close"},
      {backend_sends, "wait half_close"},
      {backend_sends_fin, "release_backend, wait stall and ask"},
      {client_acknowledges, "abort_client, done"}},
     act::reset, act::exchanged, cause::client_eof, cause::backend_eof, first_end::client},

    {"R87", "`half_close: close`: the first clean end ends the session", close_half,
     {{client_sends, "wait idle"},
      {client_says_goodbye, "abort_client, finish_backend, wait stall and ask"},
      {backend_acknowledges, "abort_backend, done"}},
     act::reset, act::reset, cause::client_eof, cause::none, first_end::client},

    {"R88", "`half_close: close`, `on_proxy_end: notify`: the cut is told politely",
     close_half_politely,
     {{client_sends, "wait idle"},
      {client_says_goodbye, "finish_client, finish_backend, wait stall and ask"},
      {client_acknowledges, "release_client, wait stall and ask"},
      {backend_acknowledges, "wait linger"},
      {backend_sends_fin, "release_backend, done"}},
     act::exchanged, act::exchanged, cause::client_eof, cause::backend_eof, first_end::client},

    {"R88a", "the same, and the backend goes on", close_half_politely,
     {{client_says_goodbye, "finish_client, finish_backend, wait stall and ask"},
      {client_acknowledges, "release_client, wait stall and ask"},
      {backend_acknowledges, "wait linger"},
      {time_passes, "release_backend, done"}},
     act::exchanged, act::sent, cause::client_eof, cause::none, first_end::client},

    {"R89", "`half_close: close`; the backend ends in the middle of an upload", close_half,
     {{client_sends, "wait idle"},
      {backend_sends_fin, "finish_client, wait stall and ask"},
      {client_acknowledges, "wait stall and ask"},
      {backend_acknowledges, "abort_backend, wait close_notify"},
      {client_says_goodbye, "release_client, done"}},
     act::exchanged, act::reset, cause::backend_eof, cause::client_eof, first_end::backend},

    {"R90", "`half_close_timeout`: the backend never answers the client's end", {},
     {{client_says_goodbye, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait half_close"},
      {time_passes, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::client_eof, cause::half_close_timeout, first_end::client},

    {"R91", "the same in silence: the backend was asked by its client already, so a reset", {},
     {{client_says_goodbye, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait half_close"},
      {silence_passes, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::client_eof, cause::half_close_timeout, first_end::client},

    {"R91a", "the same with `on_proxy_end: notify`: the operator calls it a clean end",
     always_polite,
     {{client_says_goodbye, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait half_close"},
      {time_passes, "finish_client, wait stall and ask"},
      {client_acknowledges, "release_client, wait linger"},
      {time_passes, "release_backend, done"}},
     act::exchanged, act::sent, cause::client_eof, cause::half_close_timeout, first_end::client},

    {"R93", "`stall_timeout`: the backend has ended, the client acknowledges nothing", {},
     {{backend_sends, "wait idle"},
      {backend_sends_fin, "finish_client, wait stall and ask"},
      {time_passes, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::backend_eof, cause::write_stalled, first_end::backend},

    {"R94", "`deadline`: both have ended, and the client is slow", {},
     {{client_says_goodbye, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait half_close"},
      {backend_sends, "wait half_close"},
      {backend_sends_fin, "finish_client, release_backend, wait stall and ask"},
      {deadline_passes, "abort_client, done"}},
     act::reset, act::exchanged, cause::client_eof, cause::backend_eof, first_end::client},

    {"R95", "`on_client_truncation: fin`: the client's bare FIN is carried on",
     truncation_is_fin,
     {{client_sends, "wait idle"},
      {client_truncates, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait half_close"},
      {backend_sends, "wait half_close"},
      {backend_sends_fin, "finish_client, release_backend, wait stall and ask"},
      {client_acknowledges, "release_client, done"}},
     act::exchanged, act::exchanged, cause::client_truncated, cause::backend_eof,
     first_end::client},

    {"R95a", "`on_client_truncation: fin` forgives no reset", truncation_is_fin,
     {{client_resets, "release_client, abort_backend, done"}},
     act::gone, act::reset, cause::client_reset, cause::none, first_end::client},

    {"R95b", "`on_client_truncation: fin` forgives no FIN behind what we threw away",
     notify_and_truncation_is_fin,
     {{client_sends_too_much, "wait idle"},
      {backend_sends_fin, "finish_client, wait stall and ask"},
      {client_acknowledges, "wait stall"},
      {client_truncates, "release_client, wait stall"},
      {backend_takes, "wait stall and ask"},
      {backend_acknowledges, "abort_backend, done"}},
     act::exchanged, act::reset, cause::backend_eof, cause::client_truncated,
     first_end::backend},

    {"R191", "`on_client_truncation: fin` forgives no record that was cut", truncation_is_fin,
     {{client_sends, "wait idle"},
      {backend_acknowledges, "wait idle"},
      {client_truncates_inside_a_record, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::client_truncated, cause::none, first_end::client},

    {"R192", "`on_client_reset: fin` forgives no record that was cut", reset_is_fin,
     {{client_sends, "wait idle"},
      {backend_acknowledges, "wait idle"},
      {client_resets_inside_a_record, "release_client, abort_backend, done"}},
     act::gone, act::reset, cause::client_reset, cause::none, first_end::client},

    {"R96", "`on_client_reset: fin`: the backend gets a FIN", reset_is_fin,
     {{client_sends_too_much, "wait idle"},
      {client_resets, "release_client, wait stall"},
      {backend_takes, "finish_backend, wait stall and ask"},
      {backend_acknowledges, "wait linger"},
      {backend_sends_fin, "release_backend, done"}},
     act::gone, act::exchanged, cause::client_reset, cause::backend_eof, first_end::client},

    {"R96a", "`on_client_reset: fin` forgives no truncation", reset_is_fin,
     {{client_truncates, "abort_client, abort_backend, done"}},
     act::reset, act::reset, cause::client_truncated, cause::none, first_end::client},

    {"R97", "`on_backend_reset: truncate`: FIN without close_notify", truncate,
     {{backend_sends, "wait idle"},
      {backend_resets, "truncate_client, release_backend, wait stall and ask"},
      {client_acknowledges, "wait linger"},
      {time_passes, "release_client, done"}},
     act::sent, act::gone, cause::backend_reset, cause::none, first_end::backend},

    {"R97a", "the same while bytes wait; the client then says goodbye", truncate,
     {{backend_sends_too_much, "wait idle"},
      {backend_resets, "release_backend, wait stall"},
      {client_takes, "truncate_client, wait stall and ask"},
      {client_acknowledges, "wait linger"},
      {client_says_goodbye, "release_client, done"}},
     act::exchanged, act::gone, cause::backend_reset, cause::client_eof, first_end::backend},
};

// clang-format on

class options : public stories {};

TEST_P(options, go_as_the_table_says)
{
    tell(GetParam());
}

INSTANTIATE_TEST_SUITE_P(the_shutdown_block, options, ::testing::ValuesIn(the_shutdown_block),
                         id_of);

} // namespace
} // namespace ferrule::ending::script
