"""Network namespaces and the wires between them, with each fault as a verb of its own.

The process itself moves to an empty namespace, the proxy's; each peer of a session gets one more,
joined to it by a pair of veth devices. They have no names: nothing is left when the process ends,
and two runs at the same time do not meet.
"""

import contextlib
import ctypes
import os
import subprocess

from support.waiting import LIMIT

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_home = None  # the proxy's namespace

MATCHES = {"all": "", "syn": "tcp flags & syn == syn", "fin": "tcp flags & fin == fin",
           "rst": "tcp flags & rst == rst", "ack": "tcp flags & (syn | ack) == ack"}


def _checked(result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"network namespace: {os.strerror(number)} (this test needs root)")


def _unshare():
    """Moves this thread to a new namespace and returns its descriptor."""
    _checked(_libc.unshare(CLONE_NEWNET))
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def leave_home():
    """Moves the process to a namespace of its own; before it has other threads."""
    global _home
    _home = _unshare()
    run("ip", "link", "set", "lo", "up")


@contextlib.contextmanager
def inside(namespace):
    """What is opened or started in the block, by this thread, belongs to that namespace."""
    _checked(_libc.setns(namespace, CLONE_NEWNET))
    try:
        yield
    finally:
        _checked(_libc.setns(_home, CLONE_NEWNET))


def run(*command, text=None):
    answer = subprocess.run(command, input=text, capture_output=True, text=True, timeout=LIMIT)
    if answer.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {answer.stderr or answer.stdout}\n{text or ''}")
    return answer.stdout


class Wire:
    """A network of two: the proxy's end and a peer's, each with an address."""

    def __init__(self, side, number):
        self.name = f"{side}{number}"
        network = f"198.{18 if side == 'c' else 19}.{number}"
        self.proxy, self.peer = f"{network}.1", f"{network}.2"
        self._namespace = None
        with self._new_namespace():
            pass
        run("ip", "-batch", "-", text=f"""\
link add {self.name} type veth peer name wire netns /proc/{os.getpid()}/fd/{self._namespace}
addr add {self.proxy}/24 dev {self.name}
link set {self.name} up
""")
        with self.inside():
            run("ip", "-batch", "-", text=f"""\
link set lo up
addr add {self.peer}/24 dev wire
link set wire up
""")

    @contextlib.contextmanager
    def _new_namespace(self):
        try:
            self._namespace = _unshare()
            yield
        finally:
            _checked(_libc.setns(_home, CLONE_NEWNET))

    def inside(self):
        """The peer's namespace."""
        return inside(self._namespace)

    def close(self):
        run("ip", "link", "del", self.name)
        os.close(self._namespace)

    # --- faults ---------------------------------------------------------------------------------

    def cut(self):
        """The peer vanishes: no packet passes, neither FIN nor RST."""
        with self.inside():
            run("ip", "link", "set", "wire", "down")

    def mend(self):
        with self.inside():
            run("ip", "link", "set", "wire", "up")

    def lose_to_peer(self, what="all"):
        """What the proxy sends is dropped as it arrives."""
        with self.inside():
            self._drop("faults", "", what)

    def lose_to_proxy(self, what="all"):
        """What the peer sends is dropped as it arrives."""
        self._drop(f"faults_{self.name}", f"iifname {self.name} ", what)

    def refuse_to_peer(self):
        """What the proxy sends is dropped as it arrives, and answered with RST."""
        with self.inside():
            self._drop("faults", "", "all", "reject with tcp reset")

    def heal(self):
        """Undoes these."""
        with self.inside():
            self._forget("faults")
        self._forget(f"faults_{self.name}")

    @staticmethod
    def _drop(table, where, what, verdict="drop"):
        run("nft", "-f", "-", text=f"""\
table inet {table} {{
  chain arriving {{
    type filter hook input priority 0;
    {where}{MATCHES[what] or "meta l4proto tcp"} counter {verdict}
  }}
}}
""")

    @staticmethod
    def _forget(table):
        run("nft", "-f", "-", text=f"table inet {table}\ndelete table inet {table}\n")
