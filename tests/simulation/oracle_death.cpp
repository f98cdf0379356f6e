// E7: a process that dies tells nobody a clean end that was not said before.
#include "simulation/oracle.hpp"

namespace ferrule::simulation {

std::vector<std::string> judge_death(theatre& of)
{
    std::vector<std::string> found;
    // What a close makes by itself stands in no `fin_queued_at`: that is of shutdown(2).
    if (of.client_side().tcp().saw_fin() && of.proxy_client().fin_queued_at == never)
        found.emplace_back("E7: the client sees a FIN of a process that has died");
    backend* const app = of.backend_side();
    if (app != nullptr && app->tcp().saw_fin() && of.proxy_backend()->fin_queued_at == never)
        found.emplace_back("E7: the backend sees a FIN of a process that has died");
    return found;
}

} // namespace ferrule::simulation
