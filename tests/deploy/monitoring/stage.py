"""Three Ferrules under load, and a Prometheus with the shipped files that watches them.

- `busy` gets every kind of ending.
- `poor` has too few descriptors, certificates that end soon, a configuration that cannot be
  loaded, files of a certificate and of ticket keys that are none any more, and a full disk for
  its log.
- `leaving` drains for long, and then has gone.

Only times differ from the shipped files: one second between scrapes, and what takes minutes or
days in the rules takes seconds.
"""

import base64
import os
import re
import resource
import shutil
import signal
import subprocess

from support.backend import Backend, echo
from support.case import simple
from support.configuration import configuration, listener
from support.daemon import Daemon
from support.places import SOURCE, certificate, fresh
from support.tls_client import TlsClient
from support.waiting import LIMIT, eventually

from . import promql
from .load import Load
from .prometheus import Prometheus

RULES = SOURCE / "docker" / "prometheus"

# Durations of the rules in the test. An hour and more are history here: what comes before it has
# to be seen in the test as well.
SHORT = {"1m": "1s", "5m": "10s", "10m": "20s", "15m": "20s", "1h": "35s", "1d": "3m", "7d": "3m"}
POOR_DESCRIPTORS = 128
POOR_SESSIONS = 45  # with two descriptors each, more than 80% and not all of them


def shortened(rules):
    """The text of a rule file with short durations."""
    def short(match):
        return match[1] + SHORT[match[2]]
    rules = re.sub(r"(\bfor: )\d+[smhdw]\b", r"\g<1>2s", rules)
    return re.sub(r"([\[:]|\boffset )(\d+[smhdw])\b(?=[\]:)])", short, rules)


def made_certificate(days):
    """Paths of a certificate that is valid for so many days, and of its key."""
    path, key = fresh("certificate.pem"), fresh("key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", str(days), "-subj", f"/CN=for-{days}-days", "-keyout", str(key),
         "-out", str(path)], check=True, capture_output=True, timeout=60)
    return str(path), str(key)


def replace(path, text):
    """Puts a file in place as programs do that renew one: for others to read all of it or none."""
    new = fresh("new")
    new.write_text(text, encoding="ascii")
    new.chmod(0o600)
    os.replace(new, path)


class Stage:
    """Everything that has to be ended is in `cleanups`, also if the start fails half-way."""

    def __init__(self, cleanups):
        self._cleanups = cleanups
        self._clients = []
        self.load = Load()
        cleanups.callback(self.load.stop)
        self.echo = Backend().serve(echo)
        cleanups.callback(self.echo.close)

        self.busy = self._daemon(self.load.settings(certificate(), workers=2))
        self._start_poor()
        self.leaving = self._daemon(simple(self.echo, drain={"timeout": "40s", "spread": "40s"}))
        for daemon in (self.busy, self.poor, self.leaving):
            daemon.wait_until_ready()
        self._start_prometheus()

    def _daemon(self, settings, **options):
        daemon = Daemon(settings, **options)
        self._cleanups.callback(daemon.process.stdout.close)
        self._cleanups.callback(daemon.kill)
        return daemon

    def _start_poor(self):
        self._log = fresh("log")
        os.symlink("/proc/self/fd/2", self._log)  # the log of `Daemon`, until the disk is full
        self._ends_soon, key = made_certificate(10)
        self._ticket_keys = fresh("tickets")
        replace(self._ticket_keys, base64.b64encode(os.urandom(80)).decode() + "\n")
        settings = configuration(
            [listener("soon", "app", self._ends_soon, key),
             listener("now", "app", *made_certificate(1),
                      tls={"ticket_keys": str(self._ticket_keys)})],
            {"app": [self.echo.text]}, limits={"sessions": POOR_SESSIONS}, watch="200ms",
            log={"target": str(self._log)})
        self.poor = self._daemon(settings, preexec=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (POOR_DESCRIPTORS, POOR_DESCRIPTORS)))

    def _start_prometheus(self):
        folder = fresh("prometheus")
        folder.mkdir()
        shutil.copy(RULES / "prometheus.yaml", folder)
        text = (RULES / "prometheus.yaml").read_text(encoding="utf-8")
        addresses = [daemon.metrics_address() for daemon in (self.busy, self.poor, self.leaving)]
        self.instances = addresses
        targets = ", ".join(f'"{address}"' for address in addresses)
        text, count = re.subn(r'"ferrule:9464"', targets, text)
        assert count == 1, "prometheus.yaml has no target ferrule:9464"
        text = text.replace("_interval: 15s", "_interval: 1s").replace("localhost:9090", "[::1]:1")
        (folder / "prometheus.yaml").write_text(text, encoding="utf-8")
        rules = (RULES / "alerts.yaml").read_text(encoding="utf-8")
        (folder / "alerts.yaml").write_text(shortened(rules), encoding="utf-8")
        self.prometheus = Prometheus(folder)
        self._cleanups.callback(self.prometheus.stop)

    # --- what happens ---------------------------------------------------------------------------

    def play(self):
        """Everything that the load and the troubles are; returns while the load goes on."""
        self.wait_for('count(ferrule_build_info) == bool 3', "a scrape of every Ferrule")
        self.load.start(self.busy)
        self.busy.signal(signal.SIGHUP)
        self._trouble_poor()
        self._drain()

    def wait_for(self, expression, what, limit=None):
        eventually(lambda: self.prometheus.now(expression) > 0, what, limit)

    def _trouble_poor(self):
        addresses = [self.poor.address("soon"), self.poor.address("now")]
        full = fresh("full")
        os.symlink("/dev/full", full)
        os.replace(full, self._log)
        self.poor.signal(signal.SIGUSR1)
        replace(self._ends_soon, "no certificate\n")
        replace(self._ticket_keys, "no key\n")
        self.poor.write("no: configuration\n")
        self.poor.signal(signal.SIGHUP)
        for _ in range(POOR_SESSIONS):
            self._hold(addresses[1])
        self._clients.append(TlsClient(addresses[1]))  # waits

    def _drain(self):
        for _ in range(20):
            self._hold(self.leaving.address("web"))
        self.leaving.signal(signal.SIGTERM)

    def _hold(self, address):
        client = TlsClient(address).handshake()
        client.send(b"ping")
        client.read_exactly(4)
        self._clients.append(client)

    def wait_for_history(self):
        """Waits until the rules find what they take for the time before now."""
        looking_back = [promql.without_conditions(rule["query"])
                        for rule in self.prometheus.rules() if " offset " in rule["query"]]
        eventually(lambda: all(map(self.prometheus.has_data, looking_back)), "a history",
                   2 * LIMIT)

    def end_of_leaving(self):
        """The drain is cut short, and its Ferrule has gone."""
        self.leaving.signal(signal.SIGTERM)
        self.leaving.wait()

    def clean_up(self):
        for client in self._clients:
            client.close()
