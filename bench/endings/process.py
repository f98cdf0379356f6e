"""Processes of a proxy: started, asked to reload or drain, and gone afterwards."""

import os
import pathlib
import signal
import subprocess
import time

from sockets import is_listening
from support.places import fresh
from support.waiting import eventually


class Running:
    """Processes of a proxy; gone after `stop`."""

    def __init__(self, signals):
        self.signals, self.processes = signals, []

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
