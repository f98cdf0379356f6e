"""System calls of the daemon's worker between two moments, as strace(1) sees them."""

import collections
import re
import shutil
import signal
import subprocess
import threading

from support.places import fresh
from support.waiting import LIMIT

BEGINS = re.compile(r"^(\d+)\s+(\w+)\(")  # a call that is "resumed" was counted when it began
ASKED = re.compile(r"^(\d+) .*recvfrom.* (\d+), 0, NULL, NULL\) += ")


class Trace:
    """Between `with` and its end the daemon is traced; then `worker` has the calls by name, and
    `others` those of all other threads; `asked` is the most that one recv of the worker asked for. A
    process that may not be traced is a failure: a guard that does not look must not pass."""

    def __init__(self, process, pace):
        self._process = process
        self._pace = pace
        self._path = fresh("strace")
        self.worker = collections.Counter()
        self.others = collections.Counter()
        self.asked = 0

    def __enter__(self):
        strace = shutil.which("strace")
        if strace is None:
            raise AssertionError("strace is not installed (`packages`, section [test])")
        self._strace = subprocess.Popen(
            [strace, "-f", "-p", str(self._process), "-o", str(self._path)],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self._watchdog = threading.Timer(5 * LIMIT, self._strace.kill)
        self._watchdog.start()
        line = self._strace.stderr.readline()
        if "attached" not in line:
            self._strace.wait()
            self._watchdog.cancel()
            raise AssertionError(
                "strace may not trace the daemon here, so nobody would see a system call too many: "
                f"{line.strip()}\nIn a container, allow ptrace (--cap-add=SYS_PTRACE).")
        self._pace.settle()
        return self

    def __exit__(self, *_):
        self._strace.send_signal(signal.SIGINT)
        self._strace.stderr.read()
        self._strace.stderr.close()
        self._strace.wait(LIMIT)
        self._watchdog.cancel()
        for line in self._path.read_text().splitlines():
            match = BEGINS.match(line)
            if match:
                is_worker = int(match[1]) == self._pace.thread
                (self.worker if is_worker else self.others)[match[2]] += 1
            match = ASKED.match(line)
            if match and int(match[1]) == self._pace.thread:
                self.asked = max(self.asked, int(match[2]))
