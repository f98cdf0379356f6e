"""What the kernel says of TCP connections: who listens, and what a proxy still holds."""

import random
import socket
import threading
import time

LISTEN = "0A"
_ports = iter(range(random.randrange(20_000, 26_000), 32_700))
_lock = threading.Lock()
_cache = (0.0, [])


def free_port(host="127.0.0.1"):
    """A port below those that the kernel gives out by itself, so that it stays free."""
    while True:
        with _lock:
            port = next(_ports)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((host, port))
                return port
            except OSError:
                continue


def table():
    """(local port, remote port, state, inode) of all TCP sockets; at most 50 ms old."""
    global _cache
    with _lock:
        if time.monotonic() - _cache[0] > 0.05:
            rows = []
            for name in ("tcp", "tcp6"):
                try:
                    with open(f"/proc/net/{name}", encoding="ascii") as lines:
                        next(lines)
                        rows += [(int(words[1].rpartition(":")[2], 16),
                                  int(words[2].rpartition(":")[2], 16), words[3], words[9])
                                 for words in map(str.split, lines)]
                except FileNotFoundError:
                    pass
            _cache = time.monotonic(), rows
        return _cache[1]


def is_listening(address):
    if isinstance(address, str):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            return sock.connect_ex(address) == 0
    return any(local == address[1] and state == LISTEN for local, _, state, _ in table())


def holds(address, backend):
    """True while a process has a connection that came to `address`, or that goes to `backend`.
    A socket that only the kernel keeps has no inode, as has one that nobody has accepted."""
    for local, remote, state, inode in table():
        if state != LISTEN and inode != "0":
            if not isinstance(address, str) and local == address[1]:
                return True
            if not isinstance(backend, str) and remote == backend[1]:
                return True
    return False
