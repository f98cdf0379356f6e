"""What a process of the user `ferrule` can do: `probe.py service` in the place of the service, where it
must be what is needed and no more, and `probe.py user` outside of the sandbox, where all of it must
be possible, so that the sandbox is seen to be what forbids it."""

import ctypes
import mmap
import os
import pathlib
import socket
import stat
import sys

# Folders that everybody may write to, as far as modes go.
OPEN_FOLDERS = ("/var/ferrule-probe", "/home/ferrule-probe", "/etc/ferrule-probe")
CLONE_NEWUSER = 0x10000000
libc = ctypes.CDLL(None, use_errno=True)


def fails(code):
    if code < 0:
        raise OSError(ctypes.get_errno(), "")


def write_to(folder):
    path = pathlib.Path(folder, "written")
    path.write_text("", encoding="ascii")
    return path


def in_a_child(action):
    """For what a process cannot take back."""
    child = os.fork()
    if child == 0:
        try:
            action()
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        raise PermissionError


def set_user_id_bit():
    path = write_to("/run/ferrule" if sys.argv[1] == "service" else OPEN_FOLDERS[0])
    path.chmod(0o4755)
    if not path.stat().st_mode & stat.S_ISUID:
        raise PermissionError


def listen_on(port):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", port))


FORBIDDEN = {
    "write to /etc": lambda: write_to("/etc/ferrule-probe"),
    "write to /var": lambda: write_to("/var/ferrule-probe"),
    "look into /home": lambda: os.listdir("/home/ferrule-probe"),
    "see the machine's /var/tmp": lambda: os.stat("/var/tmp/ferrule-probe"),
    "see process 1": lambda: os.stat("/proc/1"),
    "make a user namespace": lambda: in_a_child(lambda: fails(libc.unshare(CLONE_NEWUSER))),
    "open a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
    "map memory to write and execute": lambda: mmap.mmap(
        -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close(),
    "change its personality": lambda: in_a_child(lambda: fails(libc.personality(0x0040000))),
    "make a file with the set-user-ID bit": set_user_id_bit,
    "call setuid": lambda: os.setuid(os.getuid()),
    "choose its CPUs": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)),
}
NEEDED = {
    "bind a port below 1024": lambda: listen_on(442),
    "write to /run/ferrule": lambda: write_to("/run/ferrule"),
    "open a Unix socket": lambda: socket.socket(socket.AF_UNIX).close(),
    "see its own descriptors": lambda: os.listdir("/proc/self/fd"),
    "see when the machine was started": lambda: pathlib.Path("/proc/stat").read_bytes(),
}


def can(action):
    try:
        action()
        return True
    except OSError:
        return False


def main():
    if sys.argv[1] == "service":
        wrong = [f"can {what}" for what, action in FORBIDDEN.items() if can(action)]
        wrong += [f"cannot {what}" for what, action in NEEDED.items() if not can(action)]
    else:
        wrong = [f"cannot {what}" for what, action in FORBIDDEN.items() if not can(action)]
    print(f"probed as {sys.argv[1]}: {len(FORBIDDEN)} forbidden, {len(NEEDED)} needed, "
          f"wrong: {wrong}", flush=True)
    sys.exit(len(wrong))


if __name__ == "__main__":
    main()
