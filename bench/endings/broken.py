"""Proxies that break a rule on purpose: a row that no real proxy fails has to fail against one of
them, else it would say nothing.
"""

import signal
import sys

from process import Running
from proxies import Ferrule, Proxy
from support.configuration import configuration, to_yaml
from support.places import BINARY, fresh

RELAY = __file__.replace("broken.py", "relay.py")

# What stands in place of a row's options; where nothing does, they are left out.
INSTEAD = {
    "R69": {"tls": {"min_version": "1.2", "max_version": "1.3"}},
    "R82": {"shutdown": {"mode": "wait", "timeout": "60s"}},
    "R84": {"shutdown": {"mode": "abort"}},
    "R112": {"timeouts": {"idle": "3s"}, "shutdown": {"on_proxy_end": "reset"}},
    "R113": {"timeouts": {"idle": "3s"}},
    "R117": {"timeouts": {"lifetime": "1500ms"}, "shutdown": {"on_proxy_end": "notify"}},
    "R119": {"timeouts": {"idle": "900ms"}, "shutdown": {"half_close_timeout": "500ms"}},
}


class OtherOptions(Ferrule):
    name = "Ferrule without the row's options, or with the opposite ones"

    def missing(self, row):
        has = row.listener or row.backend_options or row.id in INSTEAD
        return [] if has and not getattr(row, "operation", None) else ["options"]

    def start(self, scenes):
        listeners, backends = [], {}
        for scene in scenes:
            listener = scene.listener()
            options = INSTEAD.get(scene.row.id, {})
            kept = {key: value for key, value in listener.items()
                    if key not in ("timeouts", "shutdown")}
            kept["tls"] = {**listener["tls"], **options.get("tls", {})}
            listeners.append({**kept, **{key: value for key, value in options.items()
                                         if key != "tls"}})
            entry = scene.backend_entry()
            # Either the listener's block or the backend's is what the row is about.
            backends[scene.name] = entry if scene.row.listener else {"servers": entry["servers"]}
        path = fresh("broken.yaml")
        path.write_text(to_yaml(configuration(listeners, backends, metrics={"address": "off"})))
        return Running({}).spawn(BINARY, "run", "--config", str(path))


class Relay(Proxy):
    name = "a relay without TLS that calls the backend at once and never lets go"

    def missing(self, row):
        unusual = row.listen_kind != "ip4" or row.server_kind != "ip4"
        return ["relay"] if unusual or getattr(row, "operation", None) else []

    def start(self, scenes):
        running = Running({"stop": signal.SIGTERM})
        pairs = [f"{scene.listen_on}={scene.server}" for scene in scenes]
        return running.spawn(sys.executable, RELAY, *pairs)


ALL = [OtherOptions(), Relay()]
