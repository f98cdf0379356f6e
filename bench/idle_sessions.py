#!/usr/bin/env python3
"""Holds many idle sessions through Ferrule, measures their memory, and ends them all at once.

    bench/idle_sessions.py [--sessions 9000] [--workers 2] [--binary build/release/ferrule]
                           [--recorder 32]

Prints the memory of the daemon for each session (proportional set size, so without the kernel's socket
buffers), the CPU that it uses while nothing happens, and how the sessions ended. The backend and the
clients run in processes of their own. Each session needs two descriptors of the daemon, one of the
backend and one of the client: `ulimit -n` must allow for 2 * sessions + 200.
"""

import argparse
import os
import pathlib
import resource
import select
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

CONFIGURATION = """\
workers: {workers}
limits: {{sessions: {sessions}}}
log: {{sessions: none, recorder: {recorder}}}
metrics: {{address: 127.0.0.1:0}}
listeners:
  - name: idle
    addresses: 127.0.0.1:0
    tls: {{certificate: certificate.pem, key: key.pem}}
    backend: idle
backends:
  - name: idle
    servers: 127.0.0.1:{port}
"""


def allow_descriptors(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        sys.exit(f"{count} descriptors are needed, {hard} are allowed (ulimit -n)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))


def hold_connections(listening):
    """The backend: accepts, and closes what the other side has closed."""
    events, held = select.epoll(), {}
    events.register(listening, select.EPOLLIN)
    while True:
        for descriptor, _ in events.poll():
            if descriptor == listening.fileno():
                connection, _ = listening.accept()
                held[connection.fileno()] = connection
                events.register(connection, select.EPOLLIN | select.EPOLLRDHUP)
            else:
                held.pop(descriptor).close()


def hold_sessions(port, count, commands, answers):
    """The clients: handshakes, then, when told, a close_notify on every session."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    sessions = [context.wrap_socket(socket.create_connection(("127.0.0.1", port)))
                for _ in range(count)]
    os.write(answers, b".")
    os.read(commands, 1)
    for session in sessions:
        session.setblocking(False)
        try:
            session.unwrap()
        except ssl.SSLWantReadError:
            pass
    os.write(answers, b".")
    os.read(commands, 1)


def forked(run, *arguments):
    child = os.fork()
    if child == 0:
        try:
            run(*arguments)
        finally:
            os._exit(0)
    return child


class Daemon:
    def __init__(self, binary, folder):
        self.process = subprocess.Popen([binary, "run", "--config", folder / "ferrule.yaml"],
                                        stderr=subprocess.PIPE, text=True)
        self.ports = {}
        for line in self.process.stderr:
            words = line.split()
            if "listening" in line or "metrics on" in line:
                self.ports["metrics" if "metrics" in line else "tls"] = int(words[-1].rpartition(":")[2])
            if words[-1] == "ready":
                return
        sys.exit("the daemon did not start")

    def pss_kib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
        raise LookupError("Pss")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def series(self, start):
        url = f"http://127.0.0.1:{self.ports['metrics']}/metrics"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return [line for line in answer.read().decode().splitlines() if line.startswith(start)]

    def open_sessions(self):
        return float(self.series("ferrule_sessions_open")[0].split()[-1])


def measure(daemon, count):
    commands, tell = os.pipe()
    told, answers = os.pipe()
    before = daemon.pss_kib()
    clients = forked(hold_sessions, daemon.ports["tls"], count, commands, answers)
    try:
        os.read(told, 1)
        while daemon.open_sessions() < count:
            time.sleep(0.1)
        time.sleep(1)
        after = daemon.pss_kib()
        print(f"{count} idle sessions: {(after - before) / count:.2f} KiB each "
              f"({before} KiB before, {after} KiB after, proportional set size)")
        start = daemon.cpu_seconds()
        time.sleep(10)
        print(f"CPU used in 10 s of silence: {daemon.cpu_seconds() - start:.2f} s")

        start = daemon.cpu_seconds()
        os.write(tell, b".")
        os.read(told, 1)
        while daemon.open_sessions() > 0:
            time.sleep(0.1)
        print(f"all ended by close_notify: {(daemon.cpu_seconds() - start) / count * 1e6:.0f} us of "
              f"CPU each")
        for line in daemon.series("ferrule_sessions_ended_total"):
            if not line.endswith(" 0"):
                print(f"  {line}")
        os.write(tell, b".")
    finally:
        os.kill(clients, signal.SIGKILL)
        os.waitpid(clients, 0)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sessions", type=int, default=9000)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--binary", default="build/release/ferrule")
    options.add_argument("--recorder", default="32", help="log.recorder")
    chosen = options.parse_args()
    allow_descriptors(2 * chosen.sessions + 200)

    listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
    backend = forked(hold_connections, listening)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "ferrule.yaml").write_text(CONFIGURATION.format(
            workers=chosen.workers, sessions=2 * chosen.sessions, recorder=chosen.recorder,
            port=listening.getsockname()[1]))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
                       check=True, stderr=subprocess.DEVNULL)
        daemon = Daemon(chosen.binary, folder)
        try:
            measure(daemon, chosen.sessions)
        finally:
            daemon.process.terminate()
            code = daemon.process.wait(60)
            os.kill(backend, signal.SIGKILL)
            os.waitpid(backend, 0)
    print(f"exit code of the daemon: {code}")


if __name__ == "__main__":
    main()
