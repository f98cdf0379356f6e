"""The proxies that are measured: how each is configured and started, with equal settings."""

import os
import pathlib
import re
import pwd
import grp
import resource
import shutil
import signal
import socket
import string
import subprocess
import time

TEMPLATES = pathlib.Path(__file__).with_name("peers")
ROOT = pathlib.Path(__file__).resolve().parents[2]


def descriptors():
    """As many as a process may have here."""
    return min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 100000)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_listening(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Proxy:
    """One product in one configuration. `package` is Debian's, for its version."""

    def __init__(self, name, template, package, *command, tuning=""):
        self.name, self.template, self.package = name, template, package
        self.command, self.tuning = command, tuning

    def version(self):
        if self.package is None:
            return ""
        return subprocess.run(["dpkg-query", "-W", "-f", "${Version}", self.package],
                              capture_output=True, text=True, timeout=20).stdout

    def start(self, folder, files, backend):
        """A `Running`, which listens. `files`: certificate, key and both in one file."""
        listen = free_port()
        user = next((each for each in ("_hitch", "hitch") if _exists(each)), "nobody")
        group = grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
        words = {**files, "listen": listen, "backend": backend, "folder": folder,
                 "sessions": descriptors() // 2 - 200, "descriptors": descriptors(),
                 "tuning": self.tuning, "load": LOAD, "ferrule": FERRULE,
                 "user": user if os.geteuid() == 0 else "",
                 "group": group if os.geteuid() == 0 else ""}
        path = folder / "configuration"
        if self.template:
            path.write_text(string.Template((TEMPLATES / self.template).read_text()).substitute(
                words))
        command = [part.format(path=path, **words) for part in self.command]
        return Running(self.name, command, folder / "output", listen)


class Running:
    """A proxy's process, and its children, pinned to one core; gone after `stop`."""

    def __init__(self, name, command, output, port):
        self.port = port
        program = shutil.which(command[0]) or f"/usr/sbin/{command[0]}"
        with open(output, "wb") as log:
            self.process = subprocess.Popen(
                [program, *command[1:]], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=lambda: _confine(CORES[0]))
        end = time.monotonic() + 20
        while not is_listening(port):
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                text = pathlib.Path(output).read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{name} did not start:\n{text}")
            time.sleep(0.02)
        time.sleep(0.1)

    def stop(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                pass
            if number == signal.SIGTERM:
                try:
                    self.process.wait(1)
                except subprocess.TimeoutExpired:
                    pass
        self.process.wait(10)


def _confine(core):
    os.sched_setaffinity(0, {core})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _exists(user):
    try:
        return bool(pwd.getpwnam(user))
    except KeyError:
        return False


CORES = sorted(os.sched_getaffinity(0))[:2]
FERRULE = os.environ.get("FERRULE_BINARY", str(ROOT / "build/release/ferrule"))
LOAD = os.environ.get("FERRULE_LOAD", str(ROOT / "build/release/bench/load/load"))

OURS = "Ferrule"
# As it is shipped.
OUR_ENVIRONMENT = re.findall(r"^Environment=(.*)$",
                             (ROOT / "systemd/ferrule.service").read_text(), re.MULTILINE)
OUR_COMMAND = ("env", *OUR_ENVIRONMENT, "{ferrule}", "run", "--config", "{path}")
LIMIT = "relay"
RELAY = Proxy(LIMIT, None, None, "{load}", "relay", "--proxy", "{listen}", "--backend", "{backend}")
PLAIN = [
    Proxy(OURS, "ferrule.yaml", None, *OUR_COMMAND),
    Proxy("HAProxy", "haproxy.cfg", "haproxy", "haproxy", "-db", "-f", "{path}"),
    Proxy("nginx", "nginx.cfg", "libnginx-mod-stream", "nginx", "-c", "{path}", "-p", "{folder}",
          "-e", "{folder}/log"),
    Proxy("hitch", "hitch.cfg", "hitch", "hitch", "--config={path}"),
    Proxy("stunnel", "stunnel.cfg", "stunnel4", "stunnel4", "{path}"),
]
# What a careful administrator would set for bulk data.
TUNED = [
    Proxy("HAProxy tuned", "haproxy.cfg", None, "haproxy", "-db", "-f", "{path}",
          tuning="    tune.bufsize 131072"),
    Proxy("nginx tuned", "nginx.cfg", None, "nginx", "-c", "{path}", "-p", "{folder}",
          "-e", "{folder}/log", tuning="        proxy_buffer_size 128k;"),
]
