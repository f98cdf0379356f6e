"""The daemon's own sockets, from outside: the kernel's clocks, made shorter for one connection.

Keepalive takes up to two minutes, and the kernel's limit for retransmissions a quarter of an hour. What
Ferrule has set is checked first; then the one socket gets seconds. The mechanism is the kernel's.
"""

import ctypes
import os
import re
import socket

from support.waiting import eventually

_libc = ctypes.CDLL(None, use_errno=True)
PIDFD_GETFD = 438  # the same number on all architectures

LONG = {socket.TCP_KEEPIDLE: 48, socket.TCP_KEEPINTVL: 24, socket.TCP_KEEPCNT: 3}
BELOW_A_MINUTE = {socket.TCP_KEEPIDLE: 20, socket.TCP_KEEPINTVL: 10, socket.TCP_KEEPCNT: 3}
SHORT = {socket.TCP_KEEPIDLE: 1, socket.TCP_KEEPINTVL: 1, socket.TCP_KEEPCNT: 2}


def _hexadecimal(address):
    """An IPv4 address as /proc/net/tcp has it."""
    host, port = address
    return f"{int.from_bytes(socket.inet_aton(host), 'little'):08X}:{port:04X}"


def _entry(local, remote):
    """The fields of the proxy's socket of one connection in the table of this namespace."""
    ends = [_hexadecimal(local), _hexadecimal(remote)]
    with open("/proc/thread-self/net/tcp", encoding="ascii") as table:
        for line in table:
            fields = line.split()
            if fields[1:3] == ends:
                return fields
    raise AssertionError(f"there is no connection {local} to {remote}")


def unacknowledged(local, remote):
    """Bytes that the proxy's kernel holds, as the peer's has not acknowledged them."""
    return int(_entry(local, remote)[4].partition(":")[0], 16)


def _borrowed(pid, local, remote):
    """A duplicate of the process' socket of that connection. It has to be closed at once: while
    it is there, the process cannot close the connection."""
    name = f"socket:[{_entry(local, remote)[9]}]"
    folder = f"/proc/{pid}/fd"
    for number in os.listdir(folder):
        try:
            is_wanted = os.readlink(f"{folder}/{number}") == name
        except FileNotFoundError:
            continue  # another row's connection has ended meanwhile
        if is_wanted:
            process = os.pidfd_open(pid)
            try:
                duplicate = _libc.syscall(PIDFD_GETFD, process, int(number), 0)
            finally:
                os.close(process)
            if duplicate < 0:
                raise OSError(ctypes.get_errno(), "pidfd_getfd")
            return socket.socket(fileno=duplicate)
    raise AssertionError(f"process {pid} has no {name}")


def hasten_keepalive(pid, local, remote, found_below):
    with _borrowed(pid, local, remote) as sock:
        def clocks():
            return {each: sock.getsockopt(socket.IPPROTO_TCP, each) for each in found_below}
        # A backend's socket gets them when the session is a second old.
        eventually(lambda: clocks() == found_below, f"the clocks to be {found_below}")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        for option, value in SHORT.items():
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def hasten_retransmission(pid, local, remote):
    """The kernel gives up after 1.5 s of retransmissions, and not after about 15 minutes."""
    with _borrowed(pid, local, remote) as sock:
        found = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert found == 0, f"TCP_USER_TIMEOUT is {found}"
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1500)
