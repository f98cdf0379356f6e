#pragma once

#include "clients.hpp"
#include "report.hpp"
#include "watch.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace load {

/// The course of one load: set up, mark, load, let it run out, mark, say goodbye, count.
class course {
    static constexpr double settling = 0.1; // seconds for the proxy to do what nobody waits for

public:
    explicit course(const options& chosen);
    ~course();
    course(const course&) = delete;
    course& operator=(const course&) = delete;

    /// Does what the options say, once.
    report run();

private:
    using runner = void (course::*)();

    std::size_t sessions(std::size_t otherwise) const
    {
        return chosen_.sessions != 0 ? chosen_.sessions : otherwise;
    }

    template <typename Client, typename... Arguments>
    void make(std::size_t count, const Arguments&... arguments)
    {
        for (std::size_t each = 0; each < count; ++each)
            clients_.push_back(std::make_unique<Client>(all_, arguments...));
    }

    /// The clients of one kind; each has one only, but in a mix.
    template <typename Client, typename Action>
    void each_of(Action action)
    {
        for (auto& each : clients_)
            if (auto* client = dynamic_cast<Client*>(each.get()))
                action(*client);
    }

    void wait(const std::function<bool()>& done);
    void settle(double seconds = settling)
    {
        events_.run_until([] { return false; }, seconds);
    }
    void set_up();
    void mark_begin();
    void mark_end();
    void say_goodbye();

    void run_handshakes();
    void run_downloads();
    void run_uploads();
    void run_messages();
    void run_mix();
    void run_idle();
    void stop_messages();
    void wait_for_downloads();

    const options& chosen_;
    loop events_;
    backend backend_;
    watch watch_;
    crowd all_{
        .events = events_, .context = nullptr, .port = chosen_.proxy, .message_size = chosen_.size};
    std::vector<std::unique_ptr<client>> clients_;
    report report_;
    usage used_;
    double own_cpu_ = 0;
    double began_ = 0;
};

} // namespace load
