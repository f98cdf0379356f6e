"""Ferrule as it is installed on the booted machine: files, configuration, systemctl, journal."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
import unittest
import urllib.request

HERE = pathlib.Path("/opt/ferrule-test")
SETTINGS = pathlib.Path("/etc/ferrule/ferrule.yaml")
TLS = pathlib.Path("/etc/ferrule/tls")
DROP_INS = pathlib.Path("/etc/systemd/system/ferrule.service.d")
UNIT = "ferrule.service"
# When a test gives up; never how fast something has to be.
LIMIT = 60


def run(*command, limit=LIMIT, check=True):
    """The finished process, its two outputs in one text."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", timeout=limit,
                          check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)} failed with {done.returncode}:\n{done.stdout}")
    return done


def systemctl(*words, limit=LIMIT, check=True):
    return run("systemctl", *words, limit=limit, check=check)


def show(name, unit=UNIT):
    return systemctl("show", "--value", f"--property={name}", unit).stdout.strip()


def main_pid():
    return int(show("MainPID"))


def eventually(question, what, limit=LIMIT):
    give_up = time.monotonic() + limit
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > give_up:
            raise AssertionError(f"gave up after {limit} s waiting for: {what}")
        time.sleep(0.05)


# --- the files ------------------------------------------------------------------------------------

def install():
    """The package if there is one, else the files that it would have."""
    if (HERE / "ferrule.deb").exists():
        if not pathlib.Path("/usr/bin/ferrule").exists():
            install_package(HERE / "ferrule.deb")
    else:
        shutil.copy(HERE / "ferrule", "/usr/bin/ferrule")
        if (HERE / "lib").exists():
            shutil.copytree(HERE / "lib", "/usr/local/lib", dirs_exist_ok=True)
            run("ldconfig")
        for name in ("ferrule.service", "ferrule.socket"):
            shutil.copy(HERE / "systemd" / name, "/lib/systemd/system")
        shutil.copy(HERE / "systemd" / "ferrule.sysusers", "/usr/lib/sysusers.d/ferrule.conf")
        run("systemd-sysusers")
    for folder in (SETTINGS.parent, TLS):
        folder.mkdir(exist_ok=True)
        shutil.chown(folder, "root", "ferrule")
        folder.chmod(0o750)
    if not (TLS / "main.pem").exists():
        make_certificate("main")
    systemctl("daemon-reload")


def install_package(path):
    """The configuration that is there stays, whatever is in the package."""
    run("dpkg", "--force-confold", "--install", str(path), limit=3 * LIMIT)


def make_certificate(name):
    """A key that the group can read, and its certificate; files that exist are replaced at once."""
    key, certificate = TLS / f"{name}.key.new", TLS / f"{name}.pem.new"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-days", "30", "-subj", "/CN=localhost", "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:TRUE",
        "-keyout", str(key), "-out", str(certificate))
    put_in_place(key, certificate)


def put_in_place(key, certificate):
    """Takes the `.new` off their names."""
    for path, mode in ((key, 0o640), (certificate, 0o644)):
        shutil.chown(path, "root", "ferrule")
        path.chmod(mode)
        path.replace(path.with_suffix(""))


def swap_certificates(one, other):
    """Each gets the other's key and certificate."""
    new = []
    for name, source in ((one, other), (other, one)):
        for kind in ("key", "pem"):
            new.append(pathlib.Path(shutil.copy(TLS / f"{source}.{kind}",
                                                TLS / f"{name}.{kind}.new")))
    put_in_place(*new[:2])
    put_in_place(*new[2:])


def drop_in(text, unit=UNIT, name="test"):
    folder = pathlib.Path(f"/etc/systemd/system/{unit}.d")
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.conf").write_text(text, encoding="ascii")
    systemctl("daemon-reload")


def settings(listeners=None, backend="127.0.0.1:8080", drain="{timeout: 10s}", **more):
    """The text of a configuration. `listeners` is name → address; `more` are top-level entries."""
    lines = ["control: {path: /run/ferrule/control.sock}", "log: {format: json}", "workers: 2",
             f"drain: {drain}"]
    lines += [f"{key}: {value}" for key, value in more.items()]
    lines.append("listeners:")
    for name, address in (listeners or {"web": "127.0.0.1:443"}).items():
        lines += [f"  - name: {name}", f'    addresses: "{address}"',
                  f"    backend: {'up' if name == 'up' else 'app'}",
                  f"    tls: {{certificate: {TLS}/main.pem, key: {TLS}/main.key}}"]
    lines += ["backends:", f'  - {{name: app, servers: "{backend}"}}']
    if listeners and "up" in listeners:
        lines.append('  - {name: up, servers: "127.0.0.1:8081"}')
    return "\n".join(lines) + "\n"


def write(text):
    unfinished = SETTINGS.with_suffix(".new")
    unfinished.write_text(text, encoding="utf-8")
    shutil.chown(unfinished, "root", "ferrule")
    unfinished.chmod(0o640)
    unfinished.replace(SETTINGS)


# --- what it says ---------------------------------------------------------------------------------

def journal_mark():
    """Now, for `journal`. (--after-cursor leaves out an entry where a match is given as well.)"""
    return f"@{time.time():.6f}"


def journal(mark, identifier="ferrule"):
    """What the service has said since then. `systemd` is what systemd has said about it."""
    # Not by unit: the journal asks for the unit of a process that may be gone by then.
    field = [f"SYSLOG_IDENTIFIER={identifier}"]
    if identifier == "systemd":
        field += ["_PID=1", f"UNIT={UNIT}"]
    run("journalctl", "--sync", check=False)
    return run("journalctl", f"--since={mark}", "--no-pager", "--output=cat", *field).stdout


def endings(mark):
    """The ended sessions in the journal since then, as dicts."""
    found = []
    for line in journal(mark).splitlines():
        if line.startswith("{"):
            entry = json.loads(line)
            if entry.get("event") == "session_ended":
                found.append(entry)
    return found


def metrics(address="127.0.0.1:9464"):
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=LIMIT) as answer:
        return answer.read().decode()


def metric(name, **labels):
    """The sum of the series with at least these labels."""
    total = 0.0
    for line in metrics().splitlines():
        match = re.match(rf"{name}(?:\{{(.*)\}})? (\S+)$", line)
        if match and all(f'{key}="{value}"' in (match[1] or "") for key, value in labels.items()):
            total += float(match[2])
    return total


class ServiceCase(unittest.TestCase):
    """Begins with Ferrule installed and stopped, and without anything that another test left."""

    def setUp(self):
        install()
        self.addCleanup(self.away)
        self.mark = journal_mark()

    def away(self):
        systemctl("stop", "ferrule.socket", "ferrule.service", check=False)
        for unit in (UNIT, "ferrule.socket"):
            shutil.rmtree(f"/etc/systemd/system/{unit}.d", ignore_errors=True)
        systemctl("daemon-reload")
        systemctl("reset-failed", check=False)

    def start(self, text=None):
        write(text or settings())
        systemctl("start", UNIT)
        return main_pid()

    def wait_for_another(self, pid):
        """The new main process, once it is ready."""
        def another():
            now = main_pid()
            return now if now not in (0, pid) and show("ActiveState") == "active" else None
        return eventually(another, f"another main process than {pid}")


def can_connect(address=("127.0.0.1", 443)):
    with socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET) as probe:
        probe.settimeout(LIMIT)
        return probe.connect_ex(address) == 0


def is_same_program(pid, path="/usr/bin/ferrule"):
    """Whether the process runs the file that is there now, and not one that it has replaced."""
    return os.path.samestat(os.stat(f"/proc/{pid}/exe"), os.stat(path))
