// Checks that stay on in every build.
//
// CHECK states what *we* promise. What the kernel, OpenSSL or a peer decides is never checked: it
// is handled and counted. A failed check prints one line to standard error and aborts the process,
// since going on with a broken promise would mean telling a peer something untrue.
#pragma once

namespace ferrule::base {

/// Prints `file:line: check failed: condition: sentence` and aborts. Safe on any thread.
[[noreturn]] void check_failed(const char* condition, const char* sentence, const char* file,
                               int line) noexcept;

} // namespace ferrule::base

/// CHECK(condition, "what we promised, as a sentence").
#define CHECK(condition, sentence)                                                                 \
    ((condition) ? static_cast<void>(0)                                                            \
                 : ::ferrule::base::check_failed(#condition, sentence, __FILE__, __LINE__))
