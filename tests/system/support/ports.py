"""Ports for programs that must be told one and cannot say which one the kernel chose."""

import pathlib
import random
import socket

RANGE = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port():
    """A free port of 127.0.0.1 that the kernel gives to nobody who has not asked for it by number: one
    from its own range would sometimes be an outgoing connection's before the program binds it."""
    lowest, highest = map(int, RANGE.read_text(encoding="ascii").split())
    choices = [port for port in range(10_000, 65_536) if not lowest <= port <= highest]
    random.shuffle(choices)
    for port in choices:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port outside the kernel's own range")
