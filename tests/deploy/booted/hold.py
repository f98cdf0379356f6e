"""Holds one thread of another process still, as a thread would be that is stuck: by ptrace(2), which
unlike a signal stops one thread and leaves the others running."""

import ctypes
import os
import pathlib
import subprocess
import sys

PTRACE_SEIZE = 0x4206
PTRACE_INTERRUPT = 0x4207
WALL = 0x40000000  # waitpid: threads of others too


def threads(pid):
    """id → name, in the order in which they were started."""
    tasks = sorted(int(path.name) for path in pathlib.Path(f"/proc/{pid}/task").iterdir())
    return {task: pathlib.Path(f"/proc/{pid}/task/{task}/comm").read_bytes().strip()
            for task in tasks}


class Held:
    """The thread does nothing from here to the end of the `with` block, or of its process. A
    process of its own holds it: when that ends, the thread is let go."""

    def __init__(self, thread):
        self._process = subprocess.Popen([sys.executable, __file__, str(thread)],
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    def __enter__(self):
        if self._process.stdout.readline() != b"held\n":
            raise AssertionError(f"cannot hold the thread, exit code {self._process.wait()}")
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


def hold(thread):
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        if ptrace(request, thread, None, None) != 0:
            sys.exit(f"ptrace({request:#x}): {os.strerror(ctypes.get_errno())}")
    os.waitpid(thread, WALL)
    print("held", flush=True)
    # A thread that is traced is not gone before its tracer has heard of its end.
    while os.waitpid(thread, WALL)[0] != thread:
        pass


if __name__ == "__main__":
    hold(int(sys.argv[1]))
