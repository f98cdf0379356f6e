// Says that the process is alive, as long as each of its workers is, and for how long one was not.
//
// It has a thread of its own: the main thread may wait for a name server during a reload, which is
// no reason to end the sessions of workers that are well.
#pragma once

#include "base/time.hpp"

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace ferrule::process {

class watchdog {
public:
    /// Asks one worker for a sign of life: calls what it is given, on the worker's thread.
    using ask = std::function<void(std::function<void()> answer)>;

    /// What it finds, each time it looks; called on its own thread.
    struct notices {
        std::function<void()> alive; ///< all have answered the question before
        /// A worker has not. `how_long` is counted in looks: a stopped process does not age.
        std::function<void(base::microseconds how_long)> silent = [](base::microseconds) {};
    };

    /// Asks all workers each `interval`. A worker that does not answer is not asked again until it
    /// does.
    watchdog(base::microseconds interval, std::vector<ask> workers, notices tell);

    /// Joins its thread. Answers that come later are ignored, so workers may end before or after.
    ~watchdog();
    watchdog(const watchdog&) = delete;
    watchdog& operator=(const watchdog&) = delete;

private:
    /// Shared with the questions under way.
    struct answers {
        std::mutex mutex;
        std::size_t missing = 0;
    };

    void run();
    void look();
    /// False if the last one is not answered.
    bool begin_question();

    const base::microseconds interval_;
    std::vector<ask> workers_;
    notices tell_;
    base::microseconds silence_{0};
    std::shared_ptr<answers> answers_ = std::make_shared<answers>();
    std::mutex mutex_;
    std::condition_variable stop_;
    bool is_stopping_ = false;
    std::thread thread_;
};

} // namespace ferrule::process
