"""One row of the table at work: its two peers, what they saw, and the checks that follow.

The log line is compared with the row, and every series of the row's own listener with the log lines
and with what the clients saw: all three have to tell the same (endings.md, E5).
"""

import traceback

from .backend import Backend
from .configuration import listener, merged
from .places import certificate, fresh
from .raw_records import RawRecords
from .tls_client import TlsClient
from .waiting import LIMIT, Background, TookTooLong, eventually

CLOSE_NOTIFY_EVENTS = ("sent", "received", "missing", "timeout")
TIMEOUTS = ("close_notify", "half_close", "stall", "deadline")
# A row that is not about `timeout` answers in time on however busy a machine.
PATIENCE = {"timeout": f"{round(LIMIT * 500)}ms"}
HANDSHAKE_RESULTS = ("ok", "failed", "timeout", "aborted")


class Scene:
    """One row with one TLS version: what its function gets to play with."""

    def __init__(self, row, version):
        self.row, self.version = row, version
        self.name = f"{row.id.lower()}-{version[-3:].replace('.', '')}"
        self.backend = self.make_backend()
        self.server = self.backend.text
        self.listen_on = {"ip4": "127.0.0.1:0", "ip6": "[::1]:0",
                          "unix": f"unix:{fresh('l.sock')}"}[row.listen_kind]
        self.daemon = None
        self.notes = []  # what was seen, for the report
        self.close_notifies = 0  # seen by clients
        self.received = {"client": 0, "backend": 0}  # bytes
        self._clients = []

    def make_backend(self):
        return Backend(self.row.server_kind, self._backend_path(), **self.row.server)

    def _backend_path(self):
        return str(fresh("b.sock")) if self.row.server_kind == "unix" else None

    make_client = TlsClient
    make_records = RawRecords

    def listener(self):
        tls = merged({"min_version": self.version[-3:], "max_version": self.version[-3:]},
                     self.row.listener.get("tls"))
        more = {key: value for key, value in self.row.listener.items() if key != "tls"}
        shutdown = more.get("shutdown", {})
        if "deadline" not in shutdown and (shutdown or "shutdown" not in self.row.backend_options):
            more["shutdown"] = {**PATIENCE, **shutdown}
        return listener(self.name, self.name, *certificate(), addresses=[self.listen_on], tls=tls,
                        **more)

    def backend_entry(self):
        return {"servers": [self.server], **self.row.backend_options}

    # --- the two peers --------------------------------------------------------------------------

    def client(self, **options):
        """A connected client whose handshake is still to come."""
        options.setdefault("version", self.version)
        client = self.make_client(self.daemon.address(self.name), **options)
        self._clients.append(client)
        return client

    def raw_client(self):
        client = self.make_records(self.daemon.address(self.name), self.version)
        self._clients.append(client.client)
        return client

    def connect(self, **options):
        """A client with its handshake done, and the backend's end of its session."""
        client = self.client(**options).handshake()
        return client, self.backend.accept()

    # --- what they saw --------------------------------------------------------------------------

    def client_saw(self, seen, data=b"", end="FIN", close_notify=False, alert=None, starts=False):
        """`alert`: the name (or a set of names) of the fatal alert that has to have come."""
        self._saw("client", seen, data, end, starts)
        self.close_notifies += seen.close_notify
        if seen.close_notify != close_notify:
            self.fail(f"the client saw {'a' if seen.close_notify else 'no'} close_notify")
        if alert is not None and seen.alert not in (alert if isinstance(alert, set) else {alert}):
            self.fail(f"the client saw alert {seen.alert}, not {alert}")
        if alert is None and (seen.alert or seen.error):
            self.fail(f"the client saw {seen.alert or seen.error}")

    def backend_saw(self, seen, data=b"", end="FIN", starts=False):
        self._saw("backend", seen, data, end, starts)

    def _saw(self, who, seen, data, end, starts):
        """`starts`: what came has to be a beginning of `data`, the rest may be missing."""
        self.notes.append(f"{who} saw: {seen}")
        self.received[who] += len(seen.data)
        if seen.end not in (end if isinstance(end, set) else {end}):
            self.fail(f"the {who} saw {seen.end}, not {end}")
        wanted = data[:len(seen.data)] if starts else data
        if bytes(seen.data) != wanted:
            position = next((i for i, (a, b) in enumerate(zip(seen.data, wanted)) if a != b),
                            min(len(seen.data), len(wanted)))
            self.fail(f"the {who} got {len(seen.data)} bytes, not the {len(data)} that were sent; "
                      f"the first difference is at {position}")

    def background(self, function, *arguments, **options):
        return Background(function, *arguments, **options)

    def note(self, text):
        self.notes.append(str(text))

    def fail(self, text):
        raise AssertionError(text)

    def check(self, holds, text):
        if not holds:
            self.fail(text)

    # --- the run --------------------------------------------------------------------------------

    def run(self):
        lines = []
        try:
            self.row.play(self)
            lines = self.daemon.session(self.name, count=self.row.sessions)
            lines = lines if isinstance(lines, list) else [lines]
            for line in lines:
                for difference in self.row.ends.differences(line):
                    self.fail(difference)
            if self.row.check_log:
                self.row.check_log(self, *lines)
            self._check_metrics(lines)
        except Exception as failure:
            raise AssertionError(self._report(failure, lines)) from None
        finally:
            self._close()

    def _close(self):
        for client in self._clients:
            client.close()
        self.backend.close()

    def _report(self, failure, lines):
        row = self.row
        where = "" if isinstance(failure, AssertionError) else "\n" + traceback.format_exc(limit=-3)
        return "\n".join([
            f"{row.id} ({self.version}): {row.title}",
            f"  given:    {row.given}",
            f"  client:   {row.client}",
            f"  backend:  {row.backend}",
            f"  log:      {dict(row.ends)}",
            *(f"  - {note}" for note in self.notes),
            *(f"  - logged: {line}" for line in
              (lines or self.daemon.sessions_of(self.name) or ["nothing"])),
            f"  FAILED:   {failure}{where}"])

    def _check_metrics(self, lines):
        """The series of this listener against the log lines and what the clients saw (E5)."""
        wanted = self._expected_metrics(lines)
        wanted.update(self.row.metrics)

        def wrong():
            found = self._found_metrics()
            return {name: f"{found[name]}, not {value}" for name, value in wanted.items()
                    if not (value is None or found[name] == value
                            or isinstance(value, set) and found[name] in value)}
        try:
            # The log line may be a moment ahead of the numbers.
            eventually(lambda: not wrong(), "metrics", limit=LIMIT / 4)
        except TookTooLong:
            self.fail(f"metrics: {wrong()}")

    def _expected_metrics(self, lines):
        def count(**words):
            return sum(all(line[key] == word for key, word in words.items()) for line in lines)

        def ended(word):
            return sum(word in (line["cause"], line["second"]) for line in lines)

        wanted = {"ended": {(("cause", c), ("outcome", o)): count(cause=c, outcome=o)
                            for c, o in {(line["cause"], line["outcome"]) for line in lines}}}
        for side in ("client", "backend"):
            wanted[f"resets {side} out"] = count(**{f"{side}_act": "reset"})
            wanted[f"resets {side} in"] = ended(f"{side}_reset")
        for way in ("to_backend", "to_client"):
            for fate in ("lost", "unconfirmed"):
                wanted[f"{fate} {way}"] = sum(line[f"{fate}_{way}_bytes"] for line in lines)
        wanted["close_notify sent"] = self.close_notifies
        wanted["close_notify received"] = ended("client_eof")
        wanted["close_notify missing"] = ended("client_truncated")
        wanted["close_notify timeout"] = ended("close_timeout")
        wanted["timeouts close_notify"] = ended("close_timeout")
        wanted["timeouts half_close"] = ended("half_close_timeout")
        wanted["timeouts stall"] = sum(line["second"] == "write_stalled" for line in lines)
        wanted["timeouts deadline"] = 0
        wanted["handshakes ok"] = sum(line["tls"] is not None for line in lines)
        wanted["close_seconds"] = len(lines)
        wanted["open"] = wanted["half_closed"] = wanted["closing"] = 0
        return wanted

    def _found_metrics(self):
        scrape = self.daemon.scrape()

        def number(name, **labels):
            value = scrape.sum(f"ferrule_{name}", listener=self.name, **labels)
            self.check(value is not None, f"there is no series ferrule_{name} {labels}")
            return value

        found = {"ended": scrape.nonzero("ferrule_sessions_ended_total", listener=self.name)}
        for side in ("client", "backend"):
            for way in ("in", "out"):
                found[f"resets {side} {way}"] = number("resets_total", side=side, direction=way)
        for way in ("to_backend", "to_client"):
            found[f"lost {way}"] = number("lost_bytes_total", direction=way)
            found[f"unconfirmed {way}"] = number("unconfirmed_bytes_total", direction=way)
        for event in CLOSE_NOTIFY_EVENTS:
            found[f"close_notify {event}"] = number("close_notify_total", event=event)
        for timeout in TIMEOUTS:
            found[f"timeouts {timeout}"] = number("shutdown_timeouts_total", timeout=timeout)
        for result in HANDSHAKE_RESULTS:
            found[f"handshakes {result}"] = number("handshakes_total", result=result)
        found["close_seconds"] = number("session_close_seconds_count")
        for gauge in ("open", "half_closed", "closing"):
            found[gauge] = number(f"sessions_{gauge}")
        return found
