"""A network of the run's own, so that how the machine is tuned does not matter."""

import ctypes
import os
import socket
import subprocess

CLONE_NEWNET = 0x40000000
# What Debian's kernel does. BBR paces: it sends by timers, and their interrupts (which the proxy
# pays for) weigh more on loopback than all that is to be measured.
CONGESTION_CONTROL = "cubic"


def enter():
    """Moves this process into a network namespace with nothing but a loopback of
    CONGESTION_CONTROL. Where that is not allowed (without root), the machine's own network serves.
    Returns which, in words."""
    if os.environ.get("FERRULE_BENCH_NETWORK") != "host" and _make():
        return f"TCP's congestion control is {CONGESTION_CONTROL}, in a network of the run's own"
    return f"TCP's congestion control is {_in_use()}, the machine's own"


def _make():
    if ctypes.CDLL(None).unshare(CLONE_NEWNET) != 0:
        return False
    commands = ["ip link set lo up"]
    # A network namespace has the machine's default, and may not be allowed to change it; a route
    # may say otherwise.
    for destination in ("127.0.0.0/8", "127.0.0.1"):
        commands.append(f"ip route replace local {destination} dev lo table local proto kernel "
                        f"scope host src 127.0.0.1 congctl {CONGESTION_CONTROL}")
    for command in commands:
        subprocess.run(command.split(), check=True, timeout=20)
    if _in_use() != CONGESTION_CONTROL:
        raise RuntimeError(f"loopback uses {_in_use()} instead of {CONGESTION_CONTROL}")
    return True


def _in_use():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        with socket.create_connection(listening.getsockname()) as connected:
            name = connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16)
    return name.rstrip(b"\0").decode()
