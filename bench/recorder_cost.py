#!/usr/bin/env python3
"""What the flight recorder costs: the same traffic with `log.recorder` off and on, by turns.

    bench/recorder_cost.py [--rounds 7] [--events 32] [--binary build/release/ferrule]

Two loads: messages of 100 bytes that are echoed one at a time, which is where an event weighs most, and a
download in bulk. Prints the daemon's CPU time, user and system, for each message and each MiB: the median
of the rounds, and the smallest. With --instructions the daemon runs in callgrind (Debian's valgrind) and
instructions are counted instead, which do not depend on what else the machine does.
"""

import argparse
import os
import pathlib
import re
import socket
import ssl
import statistics
import subprocess
import tempfile
import threading

CONFIGURATION = """\
workers: 1
log: {{sessions: none, recorder: {recorder}}}
metrics: {{address: off}}
listeners:
  - name: web
    addresses: 127.0.0.1:0
    tls: {{certificate: certificate.pem, key: key.pem}}
    backend: app
backends:
  - name: app
    servers: 127.0.0.1:{port}
"""


def serve(listening, megabytes):
    """Echoes; answers D with a download."""
    while True:
        connection, _ = listening.accept()
        try:
            while data := connection.recv(4096):
                for each in [bytes(1024 * 1024)] * megabytes if data == b"D" else [data]:
                    connection.sendall(each)
        except OSError:
            pass  # the client has gone without a goodbye
        connection.close()


class Daemon:
    def __init__(self, binary, folder, recorder, port, count_instructions):
        (folder / "ferrule.yaml").write_text(CONFIGURATION.format(recorder=recorder, port=port))
        self.profile = folder / "callgrind.out" if count_instructions else None
        launcher = ["valgrind", "--tool=callgrind", "--collect-atstart=yes",
                    f"--callgrind-out-file={self.profile}"] if count_instructions else []
        self.process = subprocess.Popen([*launcher, binary, "run", "--config",
                                         folder / "ferrule.yaml"], stderr=subprocess.PIPE, text=True)
        self.port = None
        for line in self.process.stderr:
            if "listening listener=web" in line:
                self.port = int(line.split()[-1].rpartition(":")[2])
            if line.split()[-1] == "ready":
                break
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def cpu_seconds(self):
        # Nanoseconds of the worker's thread: the fields of stat are in hundredths of a second.
        total = 0
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        if self.profile:
            return int(re.search(r"^summary: (\d+)", self.profile.read_text(), re.M)[1])
        return 0


def connected(port):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port)))


def messages(daemon, count):
    with connected(daemon.port) as client:
        client.sendall(b"x" * 100)
        client.recv(4096)
        before = daemon.cpu_seconds()
        for _ in range(count):
            client.sendall(b"x" * 100)
            got = 0
            while got < 100:
                got += len(client.recv(4096))
        return (daemon.cpu_seconds() - before) / count * 1e6


def download(daemon, megabytes):
    with connected(daemon.port) as client:
        before = daemon.cpu_seconds()
        client.sendall(b"D")
        left = megabytes * 1024 * 1024
        while left > 0:
            left -= len(client.recv(1024 * 1024))
        return (daemon.cpu_seconds() - before) / megabytes * 1e6


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--events", type=int, default=32)
    options.add_argument("--messages", type=int, default=20000)
    options.add_argument("--megabytes", type=int, default=256)
    options.add_argument("--binary", default="build/release/ferrule")
    options.add_argument("--instructions", action="store_true")
    chosen = options.parse_args()

    listening = socket.create_server(("127.0.0.1", 0))
    server = os.fork()
    if server == 0:
        serve(listening, chosen.megabytes)
    found = {}
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                            "/CN=localhost", "-keyout", folder / "key.pem", "-out",
                            folder / "certificate.pem"], check=True, stderr=subprocess.DEVNULL)
            for round_number in range(chosen.rounds):
                settings = ["off", chosen.events]
                for recorder in settings if round_number % 2 == 0 else settings[::-1]:
                    for load, size in ((messages, chosen.messages), (download, chosen.megabytes)):
                        daemon = Daemon(chosen.binary, folder, recorder,
                                        listening.getsockname()[1], chosen.instructions)
                        cost = load(daemon, size)
                        instructions = daemon.stop()
                        if chosen.instructions:
                            cost = instructions / size
                        found.setdefault((load.__name__, recorder), []).append(cost)
    finally:
        os.kill(server, 9)
        os.waitpid(server, 0)
    unit = "instructions" if chosen.instructions else "us"
    for (load, recorder), costs in sorted(found.items(), key=str):
        each = "message" if load == "messages" else "MiB"
        print(f"{load:9} recorder {recorder!s:4}: median {statistics.median(costs):.2f}, "
              f"smallest {min(costs):.2f} {unit} for each {each}")


if __name__ == "__main__":
    main()
