// The session's life: a worker's loop under the simulated clock.
#include "simulation/theatre.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <utility>

namespace ferrule::simulation {

using namespace std::chrono_literals;

namespace {

constexpr time_point beginning{std::chrono::hours{1}};
constexpr auto horizon = 2h;

void note(void* into, time_point when, const std::string& text)
{
    const auto since = std::chrono::duration_cast<base::microseconds>(when - beginning).count();
    std::string stamp = std::to_string(since);
    stamp.insert(0, stamp.size() < 12 ? 12 - stamp.size() : 0, ' ');
    static_cast<std::vector<std::string>*>(into)->push_back(stamp + "us " + text);
}

} // namespace

theatre::theatre(workshop& with, const scenario& what, dice& chance,
                 std::vector<std::string>* trace)
    : with_{with}, plan_{what}, kernel_{chance, beginning}, trace_{trace}
{
    current_kernel() = &kernel_;
    if (trace != nullptr) {
        kernel_.trace = note;
        kernel_.trace_to = trace;
    }
    kernel_.net = what.network;
    kernel_.servers = what.servers;
    kernel_.connect_delay = what.connect_delay;
    kernel_.backend_window = what.backend_window;
    kernel_.proxy_window = what.proxy_window;
    kernel_.proxy_send_limit = kernel_.backend_send_limit = what.send_limit;
    with_.wheel.emplace(beginning, with_.ready);
    with_.around.now = beginning;
}

theatre::~theatre()
{
    current_.reset();
    dead_.reset();
    current_kernel() = nullptr;
}

std::shared_ptr<const session::profile> theatre::make_profile()
{
    auto pool = std::make_shared<backends::backend_pool>("pool");
    std::vector<backends::server> servers;
    for (std::size_t i = 0; i < plan_.servers.size(); ++i)
        servers.push_back({"server" + std::to_string(i),
                           net::address::ip("127.0.0.1", static_cast<std::uint16_t>(i + 1)).value(),
                           &server_counters_[i],
                           {}});
    pool->set_servers(std::move(servers));
    return std::make_shared<const session::profile>(
        session::profile{.listener = "web",
                         .timeouts = plan_.timeouts,
                         .tls = server_context(),
                         .default_route = {std::move(pool), plan_.shutdown},
                         .counters = &counters});
}

endpoint* theatre::proxy_backend()
{
    return backends_.empty() ? nullptr : &kernel_.at(backends_.back()->tcp().tcp().peer);
}

void theatre::begin()
{
    const int far = kernel_.make_endpoint("client", plan_.send_limit, plan_.client_window);
    accepted_ = kernel_.make_endpoint("proxy>client", plan_.send_limit, plan_.proxy_window);
    kernel_.join(far, accepted_);
    kernel_.at(accepted_).resets_at_close = true; // its listener is armed
    const auto profile = make_profile();
    kernel_.at(accepted_).keepalive = session::client_keepalive(profile->timeouts);
    client_ = std::make_unique<client>(kernel_, far, plan_.version, plan_.resumes);
    seen_.accepted = kernel_.now;
    quiet_since_ = kernel_.last_movement = kernel_.now;
    current_ =
        std::make_unique<session::session>(profile, with_.around, *this, net::client_address{});
    CHECK(current_->start(net::descriptor{accepted_}, false), "the session starts");
    start_plan(0, plan_.early);
    start_plan(3, plan_.operation);
    if (plan_.says_garbage)
        client_->send_garbage();
    else if (!plan_.never_begins)
        client_->begin(plan_.greeting, plan_.leaves_at_once);
}

void theatre::start_plan(unsigned who, const std::vector<planned>& plan)
{
    time_point when = kernel_.now;
    for (std::size_t i = 0; i < plan.size(); ++i) {
        when += plan[i].gap;
        kernel_.later(when, who << 16U | static_cast<std::uint32_t>(i));
    }
}

void theatre::play()
{
    begin();
    while (!is_over()) {
        if (!happen())
            break;
        advance();
        if (seen_.is_stuck)
            return;
    }
    aftermath();
}

bool theatre::happen()
{
    for (int round = 0; round < 1'000'000; ++round) {
        if (!turn())
            return !is_over();
        if (is_over())
            return false;
    }
    seen_.is_stuck = true;
    say("the world does not come to rest");
    return true;
}

bool theatre::turn()
{
    bool moved = false;
    while (kernel_.step())
        moved = true;
    while (const auto due = kernel_.take_due()) {
        perform(*due);
        moved = true;
    }
    if (is_over())
        return false;
    pump();
    if (kernel_.now < frozen_until_)
        return moved;
    with_.events.collect();
    with_.wheel->advance(kernel_.now);
    if (with_.ready.empty())
        return moved;
    const before was = look_before();
    with_.ready.run_once();
    CHECK(with_.around.wire.in.empty() && with_.around.wire.out.empty(),
          "a turn must leave the wire empty");
    if (!has_ended_ && (is_over() || current_->how_far() >= record::state::half_closed)) {
        has_ended_ = true;
        look_at_end(was);
    }
    look_at_wire(was);
    dead_.reset();
    look(was);
    return true;
}

void theatre::pump()
{
    client_->pump();
    if (client_->is_established() && !client_plan_started_) {
        client_plan_started_ = true;
        say("the client is established");
        start_plan(1, plan_.client);
    }
    while (!kernel_.accepted.empty()) {
        backends_.push_back(std::make_unique<backend>(kernel_, kernel_.accepted.front()));
        kernel_.accepted.erase(kernel_.accepted.begin());
        backend_plan_started_ = false;
    }
    for (const auto& each : backends_)
        each->pump();
    if (!backends_.empty() && !backend_plan_started_ &&
        (!plan_.backend_waits_for_bytes || backends_.back()->received() > 0 ||
         backends_.back()->tcp().saw_end())) {
        backend_plan_started_ = true;
        start_plan(2, plan_.backend);
    }
}

/// To the next thing that happens by itself.
void theatre::advance()
{
    std::optional<time_point> next = kernel_.next();
    const bool is_frozen = kernel_.now < frozen_until_;
    const std::optional<time_point> alarm =
        is_frozen ? std::optional{frozen_until_} : with_.wheel->next();
    if (!alarm.has_value() && has_ended_)
        seen_.was_unbounded = true;
    if (!next.has_value() || (alarm.has_value() && *alarm < *next))
        next = alarm;
    const bool is_late = kernel_.now - seen_.accepted > horizon;
    if (!next.has_value() || is_late) {
        if (seen_.horizon_reached &&
            (!next.has_value() || kernel_.now - seen_.accepted > 3 * horizon)) {
            seen_.is_stuck = true;
            return;
        }
        if (!seen_.horizon_reached) {
            seen_.horizon_reached = true;
            say("nothing would ever end this: the operator kills");
            seen_.killed = std::min(seen_.killed, kernel_.now);
            current_->end(ending::cause::killed);
            return;
        }
    }
    measure_silence(std::max(kernel_.now, *next));
    kernel_.now = with_.around.now = std::max(kernel_.now, *next);
}

/// The peers read to the end, so that they know how it ended.
void theatre::aftermath()
{
    const auto read_on = [](far_side& who) { who.set_appetite(far_side::everything); };
    read_on(client_->tcp());
    for (const auto& each : backends_)
        read_on(each->tcp());
    pump();
    while (const auto next = kernel_.next()) {
        kernel_.now = std::max(kernel_.now, *next);
        while (kernel_.step()) {
        }
        while (kernel_.take_due()) {
        }
        client_->pump();
        for (const auto& each : backends_)
            each->pump();
    }
}

void theatre::ended(session::session& which, const record::ended_session& told)
{
    CHECK(current_.get() == &which, "only the session that runs can end");
    seen_.records.push_back(told);
    say("the session is over: " + std::string(ending::to_text(told.cause)) + ", then " +
        std::string(ending::to_text(told.second)));
    dead_ = std::move(current_);
}

} // namespace ferrule::simulation
