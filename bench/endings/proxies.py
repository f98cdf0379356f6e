"""The proxies of the comparison: how each is configured, started, reloaded and drained.

A proxy says which options of a row it has an equivalent for. `timeouts.*` and `shutdown.*` are the
names of Ferrule's configuration; what stands behind a name in `has` is the words of the peer's
template (peers/*.cfg) that the value goes to.
"""

import grp
import math
import os
import pathlib
import pwd
import re
import shutil
import signal
import string
import subprocess

from process import Running
from support.configuration import configuration, to_yaml
from support.places import BINARY, certificate, fresh

TEMPLATES = pathlib.Path(__file__).with_name("peers")
# Ferrule's own defaults, in seconds, also where a peer's differ: all wait for the same times.
DEFAULTS = {"timeouts.handshake": 10, "timeouts.connect": 5, "timeouts.idle": 600,
            "shutdown.timeout": 5, "shutdown.half_close_timeout": 60,
            "shutdown.stall_timeout": 30, "drain.timeout": 30}


def seconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(ms|s|m)", text).groups()
    return float(number) * {"ms": 0.001, "s": 1, "m": 60}[unit]


def options_of(row):
    """The options that a row sets, flat: {"timeouts.idle": "1s"}."""
    found = {}
    for place in (row.listener, row.backend_options, getattr(row, "process", {})):
        for block, values in place.items():
            for key, value in values.items():
                found[f"{block}.{key}"] = value
    if row.listen_kind == "unix":
        found["listen on a Unix socket"] = True
    operation = getattr(row, "operation", None)
    if operation in ("reload", "drain"):  # nobody has to be able to die, or to stand still
        found[operation] = True
    return found


def one_timer(row):
    """What is missing where one time stands for idle and half-closed sessions."""
    options = options_of(row)
    two = {options.get("timeouts.idle"), options.get("shutdown.half_close_timeout")} - {None}
    return ["shutdown.half_close_timeout"] if len(two) > 1 else []


class Proxy:
    """One product with one configuration; `start` gives a process."""

    name = ""  # the column's heading
    package = None
    whole_seconds = False
    has = {}
    signals = {}  # operation → signal

    def program(self):
        return shutil.which(self.executable) or f"/usr/sbin/{self.executable}"

    def missing(self, row):
        """The options of this row that the proxy has not."""
        return sorted(name for name, value in options_of(row).items()
                      if not self.can(name, value, row))

    def can(self, name, value, row):
        return name in self.signals or name in self.has

    def words(self, scene):
        """What the templates are filled with: the row's times, else the defaults."""
        chosen = options_of(scene.row)
        found = {}
        for name, word in self.has.items():
            if word and name in chosen:
                found[word] = seconds(chosen[name])
            elif word:
                found.setdefault(word, DEFAULTS[name])
        if "timeouts.idle" in chosen and "idle" in found:
            found["idle"] = seconds(chosen["timeouts.idle"])
        elif "shutdown.stall_timeout" in chosen and "idle" in found:
            # What waits for a receiver that takes nothing ends by the idle time here. It counts
            # from before the end, so it has to outlast what the row does until then.
            found["idle"] = max(5, seconds(chosen["shutdown.stall_timeout"]))
        return {word: self.time(value) for word, value in found.items()}

    def time(self, value):
        return str(math.ceil(value)) if self.whole_seconds else f"{round(value * 1000)}ms"

    def fill(self, template, **words):
        text = (TEMPLATES / template).read_text(encoding="utf-8")
        return string.Template(text).substitute(words)


class Ferrule(Proxy):
    name = "Ferrule"
    executable = "ferrule"
    signals = {"reload": signal.SIGHUP, "drain": signal.SIGTERM}

    def program(self):
        return BINARY

    def can(self, name, value, row):
        return True

    def version(self):
        text = subprocess.run([BINARY, "version"], capture_output=True, text=True,
                              timeout=20).stdout
        return re.search(r"\d+\.\d+(\.\d+)?", text)[0]

    def start(self, scenes):
        path = fresh("ferrule.yaml")
        settings = {"metrics": {"address": "off"}, "log": {"level": "info"}, "workers": 1}
        for scene in scenes:  # one that has such options has a process of its own
            settings.update(getattr(scene.row, "process", {}))
        path.write_text(to_yaml(configuration(
            [scene.listener() for scene in scenes],
            {scene.name: scene.backend_entry() for scene in scenes}, **settings)))
        return Running(self.signals).spawn(BINARY, "run", "--config", str(path))


class Peer(Proxy):
    """A proxy from Debian, with one template for the file and one for each listener."""

    arguments = ()

    def version(self):
        text = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", self.package],
                              capture_output=True, text=True, timeout=20).stdout
        return text

    def files(self):
        certificate_path, key_path = certificate()
        both = pathlib.Path(certificate_path).with_name("both.pem")
        if not both.exists():
            both.write_text(pathlib.Path(certificate_path).read_text() +
                            pathlib.Path(key_path).read_text())
        return {"certificate": certificate_path, "key": key_path, "both": str(both)}

    def listener_words(self, scene):
        return {**self.files(), "name": scene.name, "version": scene.version[-3:],
                "listen": self.listen(scene), "backend": self.connect(scene), **self.words(scene)}

    def listen(self, scene):
        return scene.listen_on

    def connect(self, scene):
        return scene.server

    def start(self, scenes):
        folder = fresh(self.template)
        folder.mkdir(mode=0o755)
        listeners = "".join(self.fill(f"{self.template}-listener.cfg", **self.listener_words(scene))
                            for scene in scenes)
        path = folder / "configuration"
        drain = self.words(scenes[0]).get("drain")  # the same for all, or it is alone
        path.write_text(self.fill(f"{self.template}.cfg", listeners=listeners, folder=folder,
                                  drain=drain, **self.files()))
        arguments = [part.format(path=path, folder=folder) for part in self.arguments]
        return Running(self.signals).spawn(self.program(), *arguments)


class Haproxy(Peer):
    name, package, executable, template = "HAProxy", "haproxy", "haproxy", "haproxy"
    arguments = ("-W", "-db", "-f", "{path}")
    signals = {"reload": signal.SIGUSR2, "drain": signal.SIGUSR1}
    has = {"timeouts.connect": "connect", "timeouts.handshake": "client", "timeouts.idle": "idle",
           "shutdown.timeout": "close", "shutdown.half_close_timeout": "half_close",
           "shutdown.stall_timeout": "close", "drain.timeout": "drain",
           "listen on a Unix socket": None}

    def words(self, scene):
        # `timeout client` bounds the handshake and the client's silence alike.
        found = super().words(scene)
        found["client"] = (found["client"] if "timeouts.handshake" in options_of(scene.row)
                           else found["idle"])
        return found

    def connect(self, scene):
        return scene.server.replace("unix:", "unix@")

    def listen(self, scene):
        return scene.listen_on.replace("unix:", "unix@")


class Nginx(Peer):
    package, executable, template = "libnginx-mod-stream", "nginx", "nginx"
    arguments = ("-c", "{path}", "-p", "{folder}", "-e", "{folder}/log")
    signals = {"reload": signal.SIGHUP, "drain": signal.SIGQUIT}
    # One time for idle, half-closed and stalled sessions.
    has = {"timeouts.connect": "connect", "timeouts.handshake": "handshake",
           "timeouts.idle": "idle", "shutdown.half_close_timeout": "idle",
           "shutdown.stall_timeout": "idle", "drain.timeout": "drain",
           "listen on a Unix socket": None}

    def __init__(self, half_close):
        self.half_close = half_close
        self.name = "nginx half-close" if half_close else "nginx"

    def can(self, name, value, row):
        if name == "shutdown.half_close":  # off is `close`
            return value == "close" and not self.half_close
        return super().can(name, value, row)

    def missing(self, row):
        return super().missing(row) or one_timer(row)

    def words(self, scene):
        return {**super().words(scene), "half_close_kept": "on" if self.half_close else "off"}


class Stunnel(Peer):
    name, package, executable, template = "stunnel", "stunnel4", "stunnel", "stunnel"
    arguments = ("{path}",)
    whole_seconds = True
    signals = {"reload": signal.SIGHUP}
    has = {"timeouts.connect": "connect", "timeouts.handshake": "handshake",
           "timeouts.idle": "idle", "shutdown.timeout": "close",
           "shutdown.half_close_timeout": "idle", "shutdown.stall_timeout": "close"}

    def missing(self, row):
        return super().missing(row) or one_timer(row)

    def program(self):
        return shutil.which("stunnel4") or super().program()

    def listen(self, scene):
        host, _, port = scene.listen_on.rpartition(":")
        return f"{host.strip('[]')}:{port}"

    def connect(self, scene):
        if scene.server.startswith("unix:"):
            return scene.server.removeprefix("unix:")
        host, _, port = scene.server.rpartition(":")
        return f"{host.strip('[]')}:{port}"


class Hitch(Peer):
    name, package, executable, template = "hitch", "hitch", "hitch", "hitch"
    whole_seconds = True
    signals = {"reload": signal.SIGHUP}
    has = {}  # the parser of 1.7 refuses ssl-handshake-timeout and backend-connect-timeout

    def start(self, scenes):
        running = Running(self.signals)
        user = next((name for name in ("_hitch", "hitch", "nobody") if _exists(name)), "nobody")
        group = grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
        for scene in scenes:
            path = fresh("hitch")
            host, port = scene.address[:2]
            words = {**self.listener_words(scene), "host": host, "port": port,
                     "user": user if os.geteuid() == 0 else "",
                     "group": group if os.geteuid() == 0 else ""}
            path.write_text(self.fill("hitch.cfg", **words))
            running.spawn(self.program(), f"--config={path}")
        return running

    def connect(self, scene):
        if scene.server.startswith("unix:"):
            return scene.server.removeprefix("unix:")
        host, _, port = scene.server.rpartition(":")
        return f"[{host.strip('[]')}]:{port}"


def _exists(user):
    try:
        return bool(pwd.getpwnam(user))
    except KeyError:
        return False


ALL = [Ferrule(), Haproxy(), Nginx(False), Nginx(True), Stunnel(), Hitch()]
