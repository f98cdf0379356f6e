// Happy sessions as lists of steps, and what can go wrong between any two of them.
#pragma once

#include "session/stage.hpp"
#include "session/told.hpp"

#include <vector>

namespace ferrule::test {

struct step {
    const char* name;
    void (*act)(stage& on);
};

struct script {
    const char* name;
    bool is_narrow; ///< small windows and buffers, so that bytes wait
    std::vector<step> steps;
};

inline constexpr step says_hello{"the client says hello", [](stage& on) {
                                     on.it.client.stop_reading();
                                     on.it.client.shake_hands();
                                 }};
inline constexpr step finishes_handshake{"the client ends the handshake",
                                         [](stage& on) { on.it.client.read_on(); }};
inline constexpr step requests{"a request", [](stage& on) { on.it.client.send("request"); }};
inline constexpr step sends_more{"the client sends more",
                                 [](stage& on) { on.it.client.send(text_of_size(3000, 3)); }};
inline constexpr step answers{"an answer", [](stage& on) { on.it.backend.send("answer"); }};
inline constexpr step answers_more{"more of the answer",
                                   [](stage& on) { on.it.backend.send(text_of_size(20'000, 4)); }};
inline constexpr step client_goodbye{"close_notify from the client",
                                     [](stage& on) { on.client_says_goodbye(); }};
inline constexpr step client_fin{"FIN from the client", [](stage& on) { on.client_sends_fin(); }};
inline constexpr step backend_fin{"FIN from the backend",
                                  [](stage& on) { on.backend_sends_fin(); }};
inline constexpr step uploads{"an upload",
                              [](stage& on) { on.it.client.send(text_of_size(60'000, 5)); }};
inline constexpr step downloads{"a download",
                                [](stage& on) { on.it.backend.send(text_of_size(60'000, 6)); }};
inline constexpr step backend_stops{"the backend stops reading",
                                    [](stage& on) { on.it.backend.stop_reading(); }};
inline constexpr step backend_reads{"the backend reads on",
                                    [](stage& on) { on.it.backend.read_on(); }};
inline constexpr step client_stops{"the client stops reading",
                                   [](stage& on) { on.it.client.stop_reading(); }};
inline constexpr step client_reads{"the client reads on",
                                   [](stage& on) { on.it.client.read_on(); }};

inline const std::vector<script>& all_scripts()
{
    static const std::vector<script> all{
        {"client_ends_first",
         false,
         {says_hello, finishes_handshake, requests, answers, answers_more, client_goodbye,
          client_fin, backend_fin}},
        {"backend_ends_first",
         false,
         {says_hello, finishes_handshake, requests, answers_more, backend_fin, sends_more,
          client_goodbye, client_fin}},
        {"backend_reads_late",
         true,
         {says_hello, finishes_handshake, backend_stops, uploads, answers, client_goodbye,
          backend_reads, backend_fin, client_fin}},
        {"client_reads_late",
         true,
         {says_hello, finishes_handshake, requests, client_stops, downloads, backend_fin,
          sends_more, client_reads, client_goodbye, client_fin}},
    };
    return all;
}

struct fault {
    const char* name;
    void (*act)(stage& on, bool together); ///< together with what a step does
};

inline const std::vector<fault>& all_faults()
{
    static const std::vector<fault> all{
        {"RST from the client", [](stage& on, bool) { on.client_resets(); }},
        {"FIN without close_notify", [](stage& on, bool) { on.client_sends_fin(); }},
        {"close_notify and FIN",
         [](stage& on, bool) {
             on.client_says_goodbye();
             on.client_sends_fin();
         }},
        {"a spoiled record", [](stage& on, bool) { on.client_spoils_a_record(); }},
        {"RST from the backend", [](stage& on, bool) { on.backend_resets(); }},
        {"FIN from the backend", [](stage& on, bool) { on.backend_sends_fin(); }},
        {"a kill", [](stage& on, bool) { on.operator_kills(); }},
        {"a drain that cuts at once", [](stage& on, bool) { on.operator_drains_at_once(); }},
        {"an end of the process", [](stage& on, bool) { on.process_ends_at_once(); }},
        {"11 minutes", [](stage& on, bool together) { on.process_stands_still(11min, together); }},
    };
    return all;
}

} // namespace ferrule::test
