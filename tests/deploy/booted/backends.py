"""Servers behind Ferrule: nginx, which sends a file as slowly as it is asked to, and one that
takes uploads and says what it got."""

import hashlib
import pathlib
import random
import socket
import subprocess
import threading

from service import LIMIT, eventually

FOLDER = pathlib.Path("/run/backends")
# What every transfer carries, in both directions: bytes that repeat nowhere.
CONTENT = random.Random(3).randbytes(256 * 1024)

NGINX = f"""
daemon off; master_process off; pid {FOLDER}/pid; error_log stderr warn;
events {{ worker_connections 4096; }}
worker_rlimit_nofile 8192;
http {{
    access_log off; default_type application/octet-stream;
    map $arg_rate $rate {{ default $arg_rate; "" 0; }}
    server {{
        listen 127.0.0.1:8080 backlog=4096;
        root {FOLDER}/www;
        keepalive_timeout 0;
        limit_rate $rate;
        # Little of the file waits in the kernel, so that it is sent as slowly as it says.
        output_buffers 1 16k;
    }}
}}
"""


class Nginx:
    """GET /content[?rate=BYTES_A_SECOND] on 127.0.0.1:8080; the connection is closed after it."""

    def __init__(self):
        (FOLDER / "www").mkdir(parents=True, exist_ok=True)
        (FOLDER / "www" / "content").write_bytes(CONTENT)
        (FOLDER / "www" / "short").write_bytes(CONTENT[:4096])
        configuration = FOLDER / "nginx.conf"
        configuration.write_text(NGINX, encoding="ascii")
        self.process = subprocess.Popen(
            ["nginx", "-e", "stderr", "-c", str(configuration)], stdin=subprocess.DEVNULL)
        eventually(self._answers, "nginx to listen")

    def _answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", 8080)) == 0

    def close(self):
        self.process.terminate()
        self.process.wait(LIMIT)


class Sink:
    """Reads an upload to its end on 127.0.0.1:8081 and answers with its SHA-256, in hexadecimal.
    An upload that does not end cleanly gets no answer."""

    def __init__(self):
        self._listening = socket.create_server(("127.0.0.1", 8081), backlog=4096)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection = self._listening.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            connection.settimeout(10 * LIMIT)
            digest = hashlib.sha256()
            try:
                while data := connection.recv(65536):
                    digest.update(data)
                connection.sendall(digest.hexdigest().encode())
            except OSError:
                pass  # the client sees that there is no answer

    def close(self):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
