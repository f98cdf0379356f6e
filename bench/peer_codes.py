#!/usr/bin/env python3
"""How HAProxy and nginx (stream) call the endings that Ferrule has words for.

    bench/peer_codes.py            # needs Debian's haproxy, nginx, libnginx-mod-stream and openssl

Starts both on loopback in front of a scripted backend, plays each ending once, and prints HAProxy's
termination state and nginx's $status for it, as their own logs have them. All timeouts are one second.
The table of docs/endings.md ("In other proxies' words") marks what was seen here.
"""

import os
import pathlib
import re
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time

HAPROXY = """\
global
    stats socket {folder}/admin.sock mode 600 level admin
    tune.ssl.default-dh-param 2048
defaults
    mode tcp
    log stdout format raw local0
    log-format "ended %ts"
    timeout connect 1s
    timeout client 1s
    timeout server 1s
    timeout client-fin 1s
    timeout server-fin 1s
    timeout tunnel {tunnel}
frontend web
    bind 127.0.0.1:{port} ssl crt {folder}/both.pem
    default_backend app
backend app
    retries 0
    server app 127.0.0.1:{server}
"""

NGINX = """\
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
user root;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ }}
stream {{
    log_format short 'ended $status';
    access_log {folder}/access.log short;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/certificate.pem;
        ssl_certificate_key {folder}/key.pem;
        ssl_handshake_timeout 1s;
        proxy_connect_timeout 1s;
        proxy_timeout {idle};
        proxy_half_close on;
        proxy_pass 127.0.0.1:{server};
    }}
}}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def say_goodbye(sock):
    sock.setblocking(False)
    try:
        sock.unwrap()
    except (ssl.SSLError, OSError):
        pass


class Play:
    """One session: its client and, once accepted, its backend."""

    def __init__(self, port, listening):
        self.port, self.listening = port, listening
        self.client = self.backend = None

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def establish(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.client = context.wrap_socket(self.connect())
        self.client.sendall(b"hello")
        self.listening.settimeout(10)
        self.backend, _ = self.listening.accept()
        self.backend.settimeout(10)
        self.backend.recv(5)
        self.backend.sendall(b"hello")
        self.client.recv(5)

    def close(self):
        for each in (self.client, self.backend):
            if each is not None:
                each.close()


def client_eof(play):
    play.establish()
    say_goodbye(play.client)
    while play.backend.recv(4096):
        pass
    play.backend.close()


def backend_eof(play):
    play.establish()
    play.backend.shutdown(socket.SHUT_WR)
    try:
        play.client.recv(1)
        say_goodbye(play.client)
    except OSError:
        pass
    play.client.close()


def client_truncated(play):
    play.establish()
    play.client.shutdown(socket.SHUT_WR)  # the FIN alone
    try:
        while play.backend.recv(4096):
            pass
    except OSError:
        pass
    play.backend.close()


def client_reset(play):
    play.establish()
    reset(play.client)
    time.sleep(0.3)


def backend_reset(play):
    play.establish()
    reset(play.backend)
    time.sleep(0.3)


def tls_error(play):
    play.establish()
    os.write(play.client.fileno(), b"\x17\x03\x03\x00\x20" + bytes(32))  # verifies with no key
    time.sleep(0.3)


def handshake_failed(play):
    with play.connect() as sock:
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        sock.recv(100)


def handshake_timeout(play):
    with play.connect() as sock:
        sock.sendall(b"\x16\x03\x01")
        try:
            sock.recv(100)
        except OSError:
            pass


def probe(play):
    play.connect().close()


def no_backend(play):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with context.wrap_socket(play.connect()) as client:
            client.sendall(b"hello")
            client.recv(1)
    except OSError:
        pass


def idle_timeout(play):
    play.establish()
    try:
        play.client.recv(1)
    except OSError:
        pass


def half_close_timeout(play):
    play.establish()
    say_goodbye(play.client)
    play.client.shutdown(socket.SHUT_WR)
    time.sleep(2.5)


def close_timeout(play):
    play.establish()
    play.backend.shutdown(socket.SHUT_WR)
    time.sleep(2.5)


def send_until_blocked(sock, seconds):
    sock.settimeout(seconds)
    try:
        while True:
            sock.sendall(bytes(65536))
    except OSError:
        pass


def write_stalled_client(play):
    play.establish()
    send_until_blocked(play.backend, 3)


def write_stalled_backend(play):
    play.establish()
    send_until_blocked(play.client, 3)


class Peer:
    def __init__(self, folder, listening_port):
        self.folder, self.port, self.lines = folder, free_port(), []
        self.server = listening_port

    def wait_until_open(self):
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                time.sleep(0.3)
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("a proxy did not start")

    def run(self, ending, listening):
        self.wait_until_open()
        before = len(self.read())
        play = Play(self.port, listening)
        try:
            ending(play)
        except OSError as failure:
            print(f"    ({ending.__name__}: {failure})")
        time.sleep(0.2)
        play.close()
        for _ in range(60):
            found = self.read()[before:]
            if found:
                return " ".join(found)
            time.sleep(0.05)
        return "no line"

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


class Haproxy(Peer):
    name = "haproxy"

    def start(self, idle="1s"):
        path = self.folder / "haproxy.cfg"
        path.write_text(HAPROXY.format(folder=self.folder, port=self.port, server=self.server,
                                       tunnel=idle))
        self.process = subprocess.Popen(["haproxy", "-f", path], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def read(self):
        return [re.sub(r"^ended ", "", line) if line.startswith("ended ") else "error: " +
                line.split(": ", 1)[-1] for line in self.lines
                if line.startswith("ended ") or "handshake" in line.lower() or "closed" in line]

    def kill_session(self, play):
        play.establish()
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self.folder / "admin.sock"))
            admin.sendall(b"show sess\n")
            text = b""
            while more := admin.recv(65536):
                text += more
        for name in re.findall(rb"^(0x[0-9a-f]+): proto=tcpv4", text, re.M):
            with socket.socket(socket.AF_UNIX) as admin:
                admin.connect(str(self.folder / "admin.sock"))
                admin.sendall(b"shutdown session " + name + b"\n")
                admin.recv(1000)
        time.sleep(0.3)


class Nginx(Peer):
    name = "nginx"

    def start(self, idle="1s"):
        path = self.folder / "nginx.conf"
        path.write_text(NGINX.format(folder=self.folder, port=self.port, server=self.server,
                                     idle=idle))
        self.process = subprocess.Popen(["nginx", "-c", path, "-e", self.folder / "nginx.log"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def read(self):
        path = self.folder / "access.log"
        return [line[6:].strip() for line in path.read_text().splitlines()] if path.exists() else []


ENDINGS = [client_eof, backend_eof, client_truncated, client_reset, backend_reset, tls_error,
           handshake_failed, handshake_timeout, probe, no_backend, idle_timeout,
           half_close_timeout, close_timeout, write_stalled_client, write_stalled_backend]


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
                       check=True, stderr=subprocess.DEVNULL)
        (folder / "both.pem").write_text((folder / "certificate.pem").read_text() +
                                         (folder / "key.pem").read_text())
        for kind in (Haproxy, Nginx):
            for ending in ENDINGS:
                with socket.create_server(("127.0.0.1", 0)) as listening:
                    has_server = ending is not no_backend
                    peer = kind(folder, listening.getsockname()[1] if has_server else free_port())
                    peer.start()
                    try:
                        print(f"{kind.name:8} {ending.__name__:22} {peer.run(ending, listening)}",
                              flush=True)
                    finally:
                        peer.stop()
        with socket.create_server(("127.0.0.1", 0)) as listening:
            peer = Haproxy(folder, listening.getsockname()[1])
            peer.start(idle="60s")
            try:
                print(f"haproxy  killed                 {peer.run(peer.kill_session, listening)}")
            finally:
                peer.stop()


if __name__ == "__main__":
    main()
