"""Real programs around the daemon: nginx behind it, and clients of several TLS stacks before it."""

import http.client
import shutil
import socket
import ssl
import subprocess

from .places import certificate, fresh
from .tls_client import TLS12
from .waiting import LIMIT, eventually

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
RUN_LIMIT = 6 * LIMIT

NGINX_CONFIGURATION = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off; client_max_body_size 0; default_type application/octet-stream;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {address}; root {folder}/www;
        location /close/ {{ alias {folder}/www/; keepalive_timeout 0; }}
        location /up/ {{ dav_methods PUT; create_full_put_path on; }}
    }}
}}
"""


class Nginx:
    """A plaintext nginx on a Unix socket, or on `address` ("127.0.0.1:8080"). `/NAME` keeps the
    connection, `/close/NAME` closes it after the answer, and PUT to `/up/NAME` stores the body."""

    def __init__(self, address=None):
        self.folder = fresh("nginx")
        self.text = address or f"unix:{self.folder}/socket"
        self.www = self.folder / "www"
        (self.www / "up").mkdir(parents=True)
        configuration = self.folder / "nginx.conf"
        configuration.write_text(NGINX_CONFIGURATION.format(
            folder=self.folder, address=self.text), encoding="ascii")
        self.process = subprocess.Popen(
            [NGINX, "-p", str(self.folder), "-e", str(self.folder / "error.log"), "-c",
             str(configuration)], stdin=subprocess.DEVNULL)
        eventually(self._answers, "nginx to listen")

    def _answers(self):
        host, _, port = self.text.partition(":")
        family, address = ((socket.AF_UNIX, port) if host == "unix"
                           else (socket.AF_INET, (host, int(port))))
        with socket.socket(family) as probe:
            return probe.connect_ex(address) == 0

    def errors(self):
        return (self.folder / "error.log").read_text(encoding="utf-8", errors="replace")

    def close(self):
        self.process.terminate()
        self.process.wait(LIMIT)


class Answer:
    """What a client made of an answer: its body, and whether it was content."""

    def __init__(self, body, code, errors):
        self.body, self.code, self.errors = body, code, errors

    @property
    def is_content(self):
        return self.code == 0 and not self.errors

    def __str__(self):
        return (f"exit code {self.code}, {len(self.body)} bytes of body, "
                f"stderr {self.errors[:400]!r}")


def _request(path, upload):
    head = f"{'PUT' if upload else 'GET'} {path} HTTP/1.1\r\nHost: localhost\r\n"
    head += "Connection: close\r\n"
    if upload:
        head += f"Content-Length: {upload.stat().st_size}\r\n"
    return head.encode() + b"\r\n"


def curl(port, path, version, upload=None):
    number = version[-3:]
    body = fresh("body")
    command = ["curl", "-sS", "--http1.1", "--cacert", certificate()[0], f"--tlsv{number}",
               "--tls-max", number, "-o", str(body), "--max-time", str(RUN_LIMIT)]
    if upload:
        command += ["-T", str(upload)]
    ran = subprocess.run([*command, f"https://localhost:{port}{path}"], capture_output=True,
                         timeout=RUN_LIMIT, stdin=subprocess.DEVNULL)
    return Answer(body.read_bytes() if body.exists() else b"", ran.returncode,
                  ran.stderr.decode(errors="replace").strip())


def _piped(command, path, upload):
    """A client that copies its stdin to the server and the answer to its stdout. Its stdin stays
    open until the server has ended: the end is the server's to say."""
    body = fresh("answer")
    with open(body, "wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output,
                                   stderr=subprocess.PIPE)
        try:
            try:
                process.stdin.write(_request(path, upload))
                if upload:
                    with open(upload, "rb") as content:
                        shutil.copyfileobj(content, process.stdin, 256 * 1024)
                process.stdin.flush()
            except BrokenPipeError:
                pass  # the exit code and stderr tell the story
            process.wait(RUN_LIMIT)
            errors = process.stderr.read().decode(errors="replace").strip()
        finally:
            process.kill()
            process.wait()
            process.stderr.close()
            try:
                process.stdin.close()
            except BrokenPipeError:
                pass
    answer = body.read_bytes()
    return Answer(answer.partition(b"\r\n\r\n")[2], process.returncode, errors)


def s_client(port, path, version, upload=None):
    return _piped(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-quiet",
                   "-verify_quiet", "-verify_return_error", "-CAfile", certificate()[0],
                   "-servername", "localhost",
                   "-tls1_2" if version == TLS12 else "-tls1_3"], path, upload)


def gnutls_cli(port, path, version, upload=None):
    number = version[-3:]
    return _piped(["gnutls-cli", "--logfile=/dev/null", "--x509cafile", certificate()[0],
                   "--priority", f"NORMAL:-VERS-ALL:+VERS-TLS{number}", "-p", str(port),
                   "localhost"], path, upload)


def python(port, path, version, upload=None):
    """http.client, strict about a missing close_notify."""
    context = ssl.create_default_context(cafile=certificate()[0])
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    context.minimum_version = context.maximum_version = (
        ssl.TLSVersion.TLSv1_2 if version == TLS12 else ssl.TLSVersion.TLSv1_3)
    connection = http.client.HTTPConnection("localhost", port, timeout=LIMIT)
    body = bytearray()
    try:
        sock = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
        connection.sock = context.wrap_socket(sock, server_hostname="localhost",
                                              suppress_ragged_eofs=False)
        headers = {"Connection": "close"}
        if upload:
            with open(upload, "rb") as content:
                headers["Content-Length"] = str(upload.stat().st_size)
                connection.request("PUT", path, content, headers)
        else:
            connection.request("GET", path, headers=headers)
        tls = connection.sock
        answer = connection.getresponse()
        while more := answer.read(256 * 1024):
            body += more
        if tls.fileno() >= 0 and tls.recv(1):
            raise AssertionError("bytes after the body")
        return Answer(bytes(body), 0, "")
    except (OSError, http.client.HTTPException) as failure:
        return Answer(bytes(body), 1, f"{type(failure).__name__}: {failure}")
    finally:
        connection.close()


CLIENTS = {name: client for name, client, program in
           (("curl", curl, "curl"), ("s_client", s_client, "openssl"),
            ("gnutls-cli", gnutls_cli, "gnutls-cli"), ("python", python, "python3"))
           if shutil.which(program)}
