"""Processes of a proxy: started, asked to reload or drain, and gone afterwards."""

import os
import pathlib
import signal
import subprocess
import threading
import time

from sockets import is_listening
from support.places import fresh
from support.waiting import eventually


class _Exit:
    """Notes how and when a process ends."""

    def __init__(self, process):
        self.code = self.moment = None
        self.thread = threading.Thread(target=self._wait, args=(process,), daemon=True)
        self.thread.start()

    def _wait(self, process):
        code = process.wait()
        self.code, self.moment = code, time.monotonic()


class Running:
    """Processes of a proxy; gone after `stop`."""

    def __init__(self, signals):
        self.signals, self.processes, self._exits = signals, [], []

    def spawn(self, *command):
        log = open(fresh("output"), "wb")
        self.processes.append(subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))
        log.close()
        self.log = log.name
        return self

    def wait_until_ready(self, scenes):
        for scene in scenes:
            def is_up(scene=scene):
                if any(process.poll() is not None for process in self.processes):
                    output = pathlib.Path(self.log).read_text(errors="replace")[-2000:]
                    raise AssertionError(f"a proxy did not start:\n{output}")
                return is_listening(scene.address)
            eventually(is_up, f"the listener of {scene.name}", limit=30)
        return self

    def operate(self, operation):
        """Reload or drain, and time for it to be done."""
        for process in self.processes:
            process.send_signal(self.signals[operation])
        time.sleep(1)

    def begin(self, operation):
        """As `operate`, without waiting; the moment. From here on it is noted when we have ended."""
        begin = time.monotonic()
        for process in self.processes:
            process.send_signal(self.signals[operation])
            self._exits.append(_Exit(process))
        return begin

    def wait_for_exit(self, limit):
        """The exit code of the first process and the moment in which the last one was gone; None
        twice if that takes longer than `limit` seconds."""
        for each in self._exits:
            each.thread.join(limit)
        if any(each.moment is None for each in self._exits):
            return None, None
        return self._exits[0].code, max(each.moment for each in self._exits)

    # --- trouble --------------------------------------------------------------------------------

    def die(self):
        """kill -9 of all processes at once, as when a container runs out of memory."""
        self._tell_all(signal.SIGKILL)

    def freeze(self):
        """As a machine that is paused, or a container."""
        self._tell_all(signal.SIGSTOP)

    def thaw(self):
        self._tell_all(signal.SIGCONT)

    def _tell_all(self, number):
        for process in self.processes:
            os.killpg(process.pid, number)

    def stop(self):
        """Ends our processes, those that a master has left behind included."""
        for process in self.processes:
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, number)
                except ProcessLookupError:
                    pass
                if number == signal.SIGTERM:
                    try:
                        process.wait(1)
                    except subprocess.TimeoutExpired:
                        pass
            process.wait(10)
