"""One step at a time: nothing is sent to the daemon before its worker sleeps.

How much work a message is depends on what has arrived beside it. If each step begins when the
worker has nothing to do, the number of system calls and instructions does not depend on how fast or
busy the machine is.
"""

import os
import pathlib
import time

from support.waiting import LIMIT, TookTooLong, eventually

# x86-64's numbers of epoll_wait and epoll_pwait, whose fourth argument is the time to wait (0 for one
# that only looks), and of epoll_pwait2, where it is a pointer to it.
WAITS = {"232", "281"}
WAITS_WITH_POINTER = "441"


class Pace:
    """`process` is the daemon's, which has one worker (`workers: 1`)."""

    def __init__(self, process):
        self._process = process
        self.thread = eventually(self._worker, "a thread of the daemon to be called worker-0")
        self._call = pathlib.Path(f"/proc/{process}/task/{self.thread}/syscall")

    def _worker(self):
        for task in pathlib.Path(f"/proc/{self._process}/task").iterdir():
            if (task / "comm").read_text().strip() == "worker-0":
                return int(task.name)
        return None

    def _sleeps(self):
        words = self._call.read_text().split()
        return (words[0] in WAITS and int(words[4], 16) != 0) or words[0] == WAITS_WITH_POINTER

    def settle(self):
        """Waits until the worker sleeps. Only to be called when it must have woken: bytes that it
        has sent have been seen, or `sockets` have changed."""
        wait_until(self._sleeps, lambda: "the worker to come to rest")

    def sockets(self):
        """Sockets that are open. Valgrind's own files and pipes come and go."""
        count = 0
        for entry in os.scandir(f"/proc/{self._process}/fd"):
            try:
                count += os.readlink(entry.path).startswith("socket:")
            except FileNotFoundError:
                pass  # closed meanwhile
        return count

    def wait_for_sockets(self, count):
        wait_until(lambda: self.sockets() == count,
                   lambda: f"the daemon to have {count} sockets, not {self.sockets()}")
        self.settle()


def wait_until(holds, what):
    """As `eventually`, but asks often: while it waits, the daemon's timers go on. `what()` is asked
    when it gives up."""
    give_up = time.monotonic() + LIMIT
    while not holds():
        if time.monotonic() > give_up:
            raise TookTooLong(f"gave up after {LIMIT:g} s waiting for {what()}")
        time.sleep(0.0002)
