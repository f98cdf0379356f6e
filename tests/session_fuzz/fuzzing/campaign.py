"""Rounds: one daemon with random options, many sessions at once, and what befalls the process."""

import collections
import random
import signal
import socket
import subprocess
import threading
import time

from support.backend import Backend, echo
from support.configuration import configuration, listener
from support.daemon import Daemon
from support.places import BINARY, certificate, fresh
from support.tls_client import TlsClient
from support.waiting import LIMIT, TookTooLong

from .judge import judge
from .play import Play, Refused

OPTIONS = {
    "mode": ("wait", "wait", "notify", "abort"),
    "half_close": ("carry", "carry", "close"),
    "on_client_truncation": ("reset", "reset", "fin"),
    "on_client_reset": ("reset", "reset", "fin"),
    "on_backend_reset": ("reset", "reset", "truncate"),
    "on_proxy_end": ("ask", "ask", "notify", "reset"),
    "timeout": ("100ms", "400ms"),
    "half_close_timeout": ("100ms", "500ms"),
    "stall_timeout": ("150ms", "500ms"),
    "linger": ("0s", "100ms", "300ms"),
    "linger_bytes": ("0B", "1KiB", "1MiB"),
    "quiet": ("20ms", "150ms"),
    "deadline": ("800ms", "2s"),
}


class FuzzedDaemon(Daemon):
    """Finds the line of a session by its listener and its client's address."""

    def line_of(self, name, address, after):
        """The first line from number `after` on: a port of a client may come again."""
        text = f"{address[0]}:{address[1]}"
        return next((line for line in self.sessions_of(name)[after:] if line["client"] == text), None)


class Slot:
    """A listener and a backend of their own, in which one session is played after the other."""

    def __init__(self, number, dice, round_):
        self.name = f"slot{number}"
        self.dice, self.round = dice, round_
        self.options = {key: dice.choice(values) for key, values in OPTIONS.items()}
        self.timeouts = {"handshake": "1s", "connect": dice.choice(("500ms", "2s"))}
        # Where the process is killed, no end is Ferrule's: each FIN has to be a peer's.
        if not round_.is_killed:
            self.timeouts["idle"] = dice.choice(("off", "off", "150ms", "600ms"))
            self.timeouts["lifetime"] = dice.choice(("off", "off", "off", "1s"))
        else:
            self.timeouts["idle"] = "off"
        self.refuses = dice.random() < 0.04  # nobody listens there
        self.backend = Backend(listening=not self.refuses,
                               receive_buffer=dice.choice((None, None, 8192)))
        self.listening = self.backend.sock
        self.listening.setblocking(False)

    def entry(self):
        return listener(self.name, self.name, *certificate(), shutdown=self.options,
                        timeouts=self.timeouts)

    @property
    def address(self):
        return self.round.daemon.address(self.name)

    def accept(self):
        if self.refuses:
            return None
        try:
            return self.listening.accept()[0]
        except BlockingIOError:
            return None

    def lines(self):
        return len(self.round.daemon.sessions_of(self.name))

    def line_of(self, address, after):
        return self.round.daemon.line_of(self.name, address, after)

    def is_gone(self):
        return self.round.daemon.exit_code is not None

    def may_be_untold(self):
        return self.round.is_killed

    def run(self):
        while not self.round.is_over():
            play = Play(random.Random(self.dice.getrandbits(64)), self)
            try:
                play.run()
            except Refused:
                return
            except OSError:
                pass  # in its handshake it was reset: by the drain, a kill, or the end of the process
            except Exception as failure:  # a handshake without an end, a record that is none
                play.trouble = f"{type(failure).__name__}: {failure}"
            finally:
                play.leave()
                self.round.note(play, judge(play))

    def close(self):
        self.backend.close()

    def __str__(self):
        return f"{self.name}: {self.options} {self.timeouts}"


class Round:
    def __init__(self, seed, slots, seconds):
        self.seed, self.seconds = seed, seconds
        dice = random.Random(seed)
        self.dice = dice
        self.is_killed = dice.random() < 0.4
        self.found = []
        self.causes = collections.Counter()
        self.sessions = 0
        self.befell = collections.Counter()
        self._lock = threading.Lock()
        self._bystander_leaves = False
        self._ending = threading.Event()
        self.slots = [Slot(number, random.Random(dice.getrandbits(64)), self)
                      for number in range(slots)]
        self.bystanders = Backend().serve(echo)
        self.control = str(fresh("control.sock"))
        entries = [slot.entry() for slot in self.slots]
        entries.append(listener("bystander", "bystander", *certificate()))
        backends = {slot.name: [slot.backend.text] for slot in self.slots}
        backends["bystander"] = [self.bystanders.text]
        self.daemon = FuzzedDaemon(configuration(
            entries, backends, workers=dice.choice((1, 2)), control={"path": self.control},
            drain={"timeout": "400ms", "spread": dice.choice(("0s", "200ms"))}))
        self.daemon.wait_until_ready()

    def is_over(self):
        return self._ending.is_set()

    def note(self, play, violations):
        line = play.line
        with self._lock:
            self.sessions += 1
            self.causes[(line["cause"], line["outcome"]) if line else ("-", "-")] += 1
            self.found += [f"seed {self.seed}: {text}\n{play}" for text in violations]

    def violation(self, text):
        with self._lock:
            self.found.append(f"seed {self.seed}: {text}\n{self.daemon.log()}")

    def run(self):
        bystander = threading.Thread(target=self._stand_by, daemon=True)
        bystander.start()
        threads = [threading.Thread(target=slot.run, daemon=True) for slot in self.slots]
        for thread in threads:
            thread.start()
        self._befall()
        self._end(bystander)
        for thread in threads:
            thread.join(4 * LIMIT)
            if thread.is_alive():
                self.violation("a session has not ended")
        for complaint in self.daemon.complaints():
            self.violation(complaint)
        for slot in self.slots:
            slot.close()
        self.bystanders.close()
        return self

    def _befall(self):
        give_up = time.monotonic() + self.seconds
        while time.monotonic() < give_up and not self.is_over():
            time.sleep(self.dice.choice((0.05, 0.2, 0.5)))
            kind = self.dice.randrange(10)
            if self.daemon.exit_code is not None:
                return self.violation(f"the process ended with {self.daemon.exit_code}")
            if kind == 0:
                self.daemon.signal(signal.SIGSTOP)
                time.sleep(self.dice.choice((0.01, 0.1, 0.3, 1.0)))
                self.daemon.signal(signal.SIGCONT)
                self.befell["stops"] += 1
            elif kind == 1:
                self.daemon.signal(signal.SIGHUP)
                self.befell["reloads"] += 1
            elif kind == 2 and not self.is_killed:
                subprocess.run([BINARY, "ctl", "--socket", self.control, "sessions", "kill",
                                "--listener", self.dice.choice(self.slots).name],
                               capture_output=True, timeout=3 * LIMIT, check=False)
                self.befell["kills of sessions"] += 1
        return None

    def _end(self, bystander):
        if not self.is_killed:  # the last sessions may be cut by the drain
            self._ending.set()
        self._bystander_leaves = True
        bystander.join(2 * LIMIT)
        number = (self.dice.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGABRT))
                  if self.is_killed else signal.SIGTERM)
        self._ending.set()
        self.daemon.signal(number)
        self.befell[number.name] += 1
        try:
            code = self.daemon.wait(2 * LIMIT)
            cut = any("drain" in (line["cause"], line["second"]) for line in self.daemon.sessions)
            if code not in ((-number,) if self.is_killed else (0, 1) if cut else (0,)):
                self.violation(f"exit code {code} after {number.name}")
        except TookTooLong:
            self.violation(f"no exit after {number.name}")
            self.daemon.kill()

    def _stand_by(self):
        """Someone else's session is served all the time."""
        try:
            client = TlsClient(self.daemon.address("bystander")).handshake()
            while not self._bystander_leaves:
                client.send(b"ping")
                if client.read_exactly(4) != b"ping":
                    self.violation("the bystander got something else")
                time.sleep(0.02)
            client.close()
        except (AssertionError, OSError) as failure:
            self.violation(f"the bystander was not served: {failure}")
