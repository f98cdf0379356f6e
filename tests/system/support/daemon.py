"""The daemon under test as a process: its configuration, log lines, metrics and exit code."""

import json
import os
import re
import signal
import subprocess
import threading
import urllib.error
import urllib.request

from .configuration import to_yaml
from .places import BINARY, fresh
from .waiting import LIMIT, TookTooLong, eventually

SANITIZER_REPORT = re.compile(
    r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|SUMMARY: \w*Sanitizer|CHECK")
SESSION_KEYS = {
    "time", "level", "event", "session", "listener", "client", "tls", "cipher", "sni", "alpn",
    "resumed", "backend", "server", "to_backend_bytes", "to_client_bytes", "cause", "second",
    "detail", "client_act", "backend_act", "outcome", "lost_to_backend_bytes",
    "lost_to_client_bytes", "unconfirmed_to_backend_bytes", "unconfirmed_to_client_bytes",
    "undecrypted_bytes",
    "first_end", "handshake_ms", "connect_ms", "half_closed_ms", "close_ms", "total_ms"}
TRACE_KEYS = {"time", "level", "event", "session", "listener", "omitted", "events"}


class Series(dict):
    """A scrape: (name, frozenset of (label, value)) → number."""

    _line = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$")
    _label = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')

    def __init__(self, text):
        super().__init__()
        self._of_name = {}
        for line in text.splitlines():
            match = None if line.startswith("#") else self._line.match(line)
            if match:
                labels = frozenset(self._label.findall(match[2] or ""))
                self[match[1], labels] = float(match[3])
                self._of_name.setdefault(match[1], []).append((labels, float(match[3])))

    def sum(self, name, **labels):
        """The sum of all series of that name with at least these labels; None if there is none."""
        wanted = set(labels.items())
        found = [value for its, value in self._of_name.get(name, ()) if wanted <= its]
        return sum(found) if found else None

    def nonzero(self, name, **labels):
        wanted = set(labels.items())
        return {tuple(sorted(its - wanted)): value for its, value in self._of_name.get(name, ())
                if wanted <= its and value}


class Daemon:
    """`settings` is a dict (see configuration.py) or the text of a file."""

    def __init__(self, settings, path=None, preexec=None, arguments=(), launcher=(), pass_fds=(),
                 environment=None):
        self.path = str(path or fresh("ferrule.yaml"))
        self.write(settings)
        self._condition = threading.Condition()
        self.messages = []  # (level, text)
        self.sessions = []  # session_ended lines
        self._by_listener = {}
        self.traces = []  # session_trace lines
        self.foreign = []  # what is not a line of the log
        self.exit_code = None
        self._is_scraping, self._scrapes_begun, self._scrapes_done = False, 0, 0
        self._last_scrape = None
        self.process = subprocess.Popen(
            [*launcher, BINARY, "run", "--config", self.path, *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", preexec_fn=preexec, pass_fds=pass_fds,
            env={**os.environ, **(environment or {})})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def write(self, settings):
        text = settings if isinstance(settings, str) else to_yaml(settings)
        temporary = self.path + ".new"
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, self.path)

    # --- the log --------------------------------------------------------------------------------

    def _read(self):
        for line in self.process.stdout:
            with self._condition:
                try:
                    entry = json.loads(line)
                    if entry["event"] == "session_ended":
                        self.sessions.append(entry)
                        self._by_listener.setdefault(entry["listener"], []).append(entry)
                    elif entry["event"] == "session_trace":
                        self.traces.append(entry)
                    else:
                        self.messages.append((entry["level"], entry["message"]))
                except (ValueError, KeyError, TypeError):
                    self.foreign.append(line.rstrip("\n"))
                self._condition.notify_all()
        with self._condition:
            self.exit_code = self.process.wait()
            self._condition.notify_all()

    def _wait(self, question, what, limit=None, listener=None):
        limit = LIMIT if limit is None else limit
        with self._condition:
            def answer():
                return question() or self.exit_code is not None
            self._condition.wait_for(answer, limit)
            found = question()
            if found:
                return found
            if self.exit_code is not None:
                raise AssertionError(f"the daemon has exited with {self.exit_code} while waiting "
                                     f"for: {what}\n{self.log(listener)}")
        raise TookTooLong(f"gave up after {limit:g} s waiting for: {what}\n{self.log(listener)}")

    def message(self, expression, limit=None, after=0):
        """The match of the first message (from number `after` on) in which `expression` occurs."""
        def find():
            for _, text in self.messages[after:]:
                match = re.search(expression, text)
                if match:
                    return match
            return None
        return self._wait(find, f"message {expression!r}", limit)

    def sessions_of(self, listener):
        return list(self._by_listener.get(listener, ()))

    def session(self, listener, count=1, limit=None):
        """Waits for `count` ended sessions of a listener and returns them (of one, the line)."""
        def find():
            lines = self.sessions_of(listener)
            return lines[:count] if len(lines) >= count else None
        lines = self._wait(find, f"{count} ended session(s) of {listener}", limit, listener)
        return lines[0] if count == 1 else lines

    def trace(self, number, limit=None):
        """Waits for what was recorded of the session of this number; returns the line."""
        def find():
            return next((line for line in self.traces if line["session"] == number), None)
        return self._wait(find, f"the trace of session {number}", limit)

    def log(self, listener=None, last=20):
        """The log as text, for a failure report."""
        lines = [json.dumps(line) for line in
                 (self.sessions_of(listener) if listener else self.sessions)]
        messages = [f"{level}: {text}" for level, text in self.messages
                    if not text.startswith("listening ")]
        return "\n".join(["  | " + line for line in
                          (lines[-last:] + messages[-last:] + self.foreign[-last:])])

    # --- start and end --------------------------------------------------------------------------

    def wait_until_ready(self):
        self.message(r"^ready\b")
        return self

    def addresses(self, listener):
        """Where a listener is bound: (host, port) or a path, in the order of the configuration."""
        marker = f"listening listener={listener} address="
        texts = [text.partition(marker)[2].split()[0] for _, text in self.messages
                 if text.startswith(marker)]
        return [to_address(text) for text in texts]

    def address(self, listener):
        """Its first address, as soon as the log has told of it: after a reload the metrics may be
        ahead of the thread that reads the log."""
        return self._wait(lambda: self.addresses(listener), f"{listener} to listen")[0]

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, limit=None):
        """The exit code, once the process has gone."""
        try:
            self.process.wait(LIMIT if limit is None else limit)
        except subprocess.TimeoutExpired as failure:
            raise TookTooLong(f"the daemon did not exit\n{self.log()}") from failure
        self._reader.join(LIMIT)
        return self.process.returncode

    def stop(self):
        """SIGTERM, and no mercy if it is not enough. Returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.wait()
        except TookTooLong:
            self.process.kill()
            self.wait()
            raise
        finally:
            self.process.stdout.close()

    def kill(self):
        """The end of a test that has failed already."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(LIMIT)

    def complaints(self):
        """Everything that must not be in any run."""
        found = [line for line in self.foreign if SANITIZER_REPORT.search(line)]
        if found:
            found = self.foreign[-80:]
        found += [str(line) for line in self.sessions if line["cause"] == "internal"]
        found += [f"keys: {set(line) ^ SESSION_KEYS} in {line}" for line in self.sessions
                  if set(line) != SESSION_KEYS]
        found += [f"keys: {set(line) ^ TRACE_KEYS} in {line}" for line in self.traces
                  if set(line) != TRACE_KEYS]
        return found

    # --- HTTP -----------------------------------------------------------------------------------

    def metrics_address(self):
        return self.message(r"^metrics on (\S+)")[1]

    def get(self, path):
        """(status, body) of the metrics listener."""
        try:
            with urllib.request.urlopen(f"http://{self.metrics_address()}{path}",
                                        timeout=LIMIT) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def scrape(self):
        """What /metrics says from now on. Threads that ask at the same time share one answer that
        was begun after all of them had asked: hundreds of rows would else read megabytes each."""
        with self._condition:
            wanted = self._scrapes_begun + 1
            self._condition.wait_for(
                lambda: self._scrapes_done >= wanted or not self._is_scraping, LIMIT)
            if self._scrapes_done >= wanted:
                return self._last_scrape
            self._is_scraping = True
            self._scrapes_begun += 1
            number = self._scrapes_begun
        series = None
        try:
            series = Series(self.get("/metrics")[1])
        finally:
            with self._condition:
                self._is_scraping = False
                if series is not None:
                    self._last_scrape, self._scrapes_done = series, number
                self._condition.notify_all()
        return series

    def wait_for_metric(self, name, value, **labels):
        """Waits until the sum of the series is `value`, or satisfies it if it is a function."""
        holds = value if callable(value) else lambda number: number == value
        def question():
            number = self.scrape().sum(name, **labels)
            return number is not None and holds(number)
        eventually(question, f"{name}{labels} to be {value}")

    # --- the process ----------------------------------------------------------------------------

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self):
        """Resident anonymous memory: heap and stacks, neither program text nor kernel buffers."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1]) * 1024
        raise AssertionError("no RssAnon")


def to_address(text):
    if text.startswith("unix:"):
        return text[len("unix:"):]
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
