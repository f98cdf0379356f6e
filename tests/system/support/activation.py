"""What a service manager does: passes sockets on, and listens to what the service tells it."""

import os
import socket
import sys
import threading

if __name__ != "__main__":
    from .places import fresh
    from .waiting import LIMIT, TookTooLong


def activated(sockets):
    """Options for a Daemon that gets these listening sockets: a list of (name, socket)."""
    names = ":".join(name for name, _ in sockets)
    numbers = [each.fileno() for _, each in sockets]
    return {"launcher": [sys.executable, os.path.abspath(__file__), names,
                         ",".join(map(str, numbers))],
            "pass_fds": numbers}


class Manager:
    """The receiving end of sd_notify(3)."""

    def __init__(self, watchdog_seconds=None):
        self.path = str(fresh("notify.sock"))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self.environment = {"NOTIFY_SOCKET": self.path}
        if watchdog_seconds:
            self.environment["WATCHDOG_USEC"] = str(int(watchdog_seconds * 1e6))
        self._condition = threading.Condition()
        self.told = []  # one dict for each datagram
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self):
        while True:
            try:
                text = self._socket.recv(4096).decode()
            except OSError:
                return
            with self._condition:
                self.told.append(dict(line.split("=", 1) for line in text.splitlines()))
                self._condition.notify_all()

    def wait(self, holds, what, after=0):
        """The number and fields of the first datagram from `after` on for which `holds`."""
        def find():
            for number, fields in enumerate(self.told[after:], after):
                if holds(fields):
                    return number, fields
            return None
        with self._condition:
            self._condition.wait_for(find, LIMIT)
            found = find()
        if not found:
            raise TookTooLong(f"the service never said: {what}; it said {self.told}")
        return found

    def close(self):
        self._socket.close()


def main():
    """NAMES NUMBERS COMMAND…: the descriptors become 3, 4, … and COMMAND gets them."""
    names, numbers, *command = sys.argv[1:]
    numbers = [int(number) for number in numbers.split(",")]
    for target, number in enumerate(numbers, 100):  # out of the way of 3, 4, …
        os.dup2(number, target)
    for target in range(len(numbers)):
        os.dup2(100 + target, 3 + target, inheritable=True)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(numbers)),
                      LISTEN_FDNAMES=names)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
