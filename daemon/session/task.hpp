// The smallest coroutine that serves a session: it starts when told, gives its turn away with
// `co_await turn`, and is resumed by whoever runs the session's next turn.
//
// One coroutine for each session, only named awaiters, and nothing with a destructor inside a
// co_await expression: GCC 12 has been reported to miscompile more than that.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

namespace ferrule::session {

class task {
public:
    struct promise_type {
        task get_return_object() noexcept
        {
            return task{std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        /// Nothing on the data plane throws but a broken promise of ours: it ends the session (E9).
        void unhandled_exception() noexcept { failure = std::current_exception(); }

        std::exception_ptr failure;
    };

    task() = default;
    ~task()
    {
        if (handle_)
            handle_.destroy();
    }
    task(task&& from) noexcept : handle_{std::exchange(from.handle_, {})} {}
    task& operator=(task&& from) noexcept
    {
        std::swap(handle_, from.handle_);
        return *this;
    }

    void resume() { handle_.resume(); }
    bool is_done() const noexcept { return handle_.done(); }
    /// What ended it; null if it came to its own end.
    std::exception_ptr failure() const noexcept { return handle_.promise().failure; }

private:
    explicit task(std::coroutine_handle<promise_type> handle) noexcept : handle_{handle} {}

    std::coroutine_handle<promise_type> handle_;
};

} // namespace ferrule::session
