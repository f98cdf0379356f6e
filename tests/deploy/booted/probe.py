"""Run as the service would be: tries what the service must not be able to do, and prints what it
could do all the same, one line each."""

import ctypes
import mmap
import os
import pathlib
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)


def fails(code):
    if code < 0:
        raise OSError(ctypes.get_errno(), "")


def write_to(path):
    pathlib.Path(path, "ferrule-probe").write_text("", encoding="ascii")


def writable_code():
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


def listen_on(port):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", port))


FORBIDDEN = {
    "write to /etc/ferrule": lambda: write_to("/etc/ferrule"),
    "write to /var/lib": lambda: write_to("/var/lib"),
    "write to /run": lambda: write_to("/run"),
    "write to /usr": lambda: write_to("/usr"),
    "look into /root": lambda: os.listdir("/root"),
    "become root": lambda: os.setuid(0),
    "mount": lambda: fails(libc.mount(b"none", b"/mnt", b"tmpfs", 0, None)),
    "make a user namespace": lambda: fails(libc.unshare(0x10000000)),
    "open a packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "open a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "open a raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "trace another process": lambda: fails(libc.ptrace(0x4206, 1, None, None)),
    "map memory to write and execute": writable_code,
    "set the host name": lambda: socket.sethostname("probe"),
    "raise its priority": lambda: os.nice(-1),
    "see process 1": lambda: os.stat("/proc/1"),
    "read a block device": lambda: os.listdir("/dev/disk"),
}
NEEDED = {
    "bind a port below 1024": lambda: listen_on(442),
    "write to /run/ferrule": lambda: write_to("/run/ferrule"),
    "open a Unix socket": lambda: socket.socket(socket.AF_UNIX).close(),
    "see its own descriptors": lambda: os.listdir("/proc/self/fd"),
    "see when the machine was started": lambda: os.stat("/proc/stat"),
}


def can(action):
    try:
        action()
        return True
    except OSError:
        return False


wrong = [f"can {what}" for what, action in FORBIDDEN.items() if can(action)]
wrong += [f"cannot {what}" for what, action in NEEDED.items() if not can(action)]
print(f"{len(FORBIDDEN)} forbidden, {len(NEEDED)} needed, wrong: {wrong}", flush=True)
sys.exit(len(wrong))
