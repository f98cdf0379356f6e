// Checks that stay on in every build.
//
// CHECK states what *we* promise. What the kernel, OpenSSL or a peer decides is never checked: it
// is handled and counted. A failed check prints one line to standard error. Where a session's turn
// is contained it throws, and ends that session alone (docs/endings.md, E9); elsewhere it aborts
// the process, since going on with a broken promise would mean telling a peer something untrue.
#pragma once

#include <stdexcept>

namespace ferrule::base {

/// A failed check inside a contained turn. Its text is `check failed: sentence`.
class broken_promise final : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// While one of these lives, a check that fails on this thread throws `broken_promise`.
class containment {
public:
    containment() noexcept;
    ~containment();
    containment(const containment&) = delete;
    containment& operator=(const containment&) = delete;

private:
    bool outer_;
};

/// Prints `file:line: check failed: condition: sentence`; then throws or aborts. Any thread.
[[noreturn]] void check_failed(const char* condition, const char* sentence, const char* file,
                               int line);

} // namespace ferrule::base

/// CHECK(condition, "what we promised, as a sentence").
#define CHECK(condition, sentence)                                                                 \
    ((condition) ? static_cast<void>(0)                                                            \
                 : ::ferrule::base::check_failed(#condition, sentence, __FILE__, __LINE__))
