// Says that the process is alive, as long as each of its workers is.
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

namespace ferrule::server {

class watchdog {
public:
    /// Asks one worker for a sign of life: calls what it is given, on the worker's thread.
    using ask = std::function<void(std::function<void()> answer)>;

    /// Asks everybody each `interval`; says `alive` (on its own thread) when all have answered the
    /// question before. A worker that does not answer is not asked again until it does.
    watchdog(base::microseconds interval, std::vector<ask> workers, std::function<void()> alive);

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

    void run(base::microseconds interval);
    void look();

    std::vector<ask> workers_;
    std::function<void()> alive_;
    std::shared_ptr<answers> answers_ = std::make_shared<answers>();
    std::mutex mutex_;
    std::condition_variable stop_;
    bool is_stopping_ = false;
    std::thread thread_;
};

} // namespace ferrule::server
