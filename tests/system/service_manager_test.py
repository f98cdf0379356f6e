#!/usr/bin/env python3
"""What the service manager is told (sd_notify), what it asks (watchdog), and the sockets it passes."""

import ctypes
import os
import pathlib
import signal
import socket
import time
import unittest

from support.activation import Manager, activated
from support.backend import echo
from support.case import DaemonCase, simple
from support.configuration import to_yaml
from support.tcp import FIN
from support.waiting import Background, eventually


def has(key, value=None):
    return lambda fields: key in fields and value in (None, fields[key])


class Notices(DaemonCase):
    def begin(self, watchdog_seconds=None, **options):
        self.app = self.backend().serve(echo)
        self.manager = Manager(watchdog_seconds)
        self.addCleanup(self.manager.close)
        return self.start(simple(self.app, **options), environment=self.manager.environment)

    def talking(self, daemon):
        client = self.client(daemon.address("web")).handshake()
        client.send(b"ping")
        self.assertEqual(client.read_exactly(4), b"ping")
        return client

    def test_it_is_ready_once_it_listens(self):
        daemon = self.begin()
        _, fields = self.manager.wait(has("READY", "1"), "READY=1")
        self.assertEqual(fields["STATUS"], "ready: 0 sessions open (0 half-closed, 0 closing)")
        self.talking(daemon)
        self.manager.wait(has("STATUS", "ready: 1 session open (0 half-closed, 0 closing)"),
                          "one session")

    def test_what_cannot_start_is_never_ready(self):
        self.manager = Manager()
        self.addCleanup(self.manager.close)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            daemon = self.start(simple("127.0.0.1:1", addresses=[address]), ready=False,
                                environment=self.manager.environment)
            self.assertEqual(daemon.wait(), 1)
        self.assertEqual(self.manager.told, [])

    def test_a_reload_is_told_with_its_time_and_its_end(self):
        daemon = self.begin()
        number, _ = self.manager.wait(has("READY"), "READY")
        before = time.monotonic_ns() // 1000
        daemon.signal(signal.SIGHUP)
        number, fields = self.manager.wait(has("RELOADING", "1"), "RELOADING", number + 1)
        after = time.monotonic_ns() // 1000
        self.assertLessEqual(before, int(fields["MONOTONIC_USEC"]))
        self.assertLessEqual(int(fields["MONOTONIC_USEC"]), after)
        self.manager.wait(has("READY", "1"), "READY behind it", number + 1)

    def test_a_failed_reload_is_ready_again_and_says_so(self):
        daemon = self.begin()
        daemon.write("nonsense: true\n")
        daemon.signal(signal.SIGHUP)
        number, _ = self.manager.wait(has("RELOADING"), "RELOADING")
        _, fields = self.manager.wait(has("READY"), "READY", number + 1)
        self.assertIn("; the last reload failed", fields["STATUS"])

    def test_a_drain_asks_for_time_as_long_as_it_lasts_and_counts_what_is_left(self):
        daemon = self.begin(drain={"timeout": "60s", "spread": "0s"})
        client = self.talking(daemon)
        daemon.signal(signal.SIGTERM)
        number, fields = self.manager.wait(has("STOPPING", "1"), "STOPPING=1")
        self.assertRegex(fields["STATUS"], r"^draining: 1 session open .*, cut in (60|59)s$")
        for _ in range(3):
            number, fields = self.manager.wait(has("EXTEND_TIMEOUT_USEC"), "more time", number + 1)
            self.assertEqual(int(fields["EXTEND_TIMEOUT_USEC"]), 15_000_000)
            number, fields = self.manager.wait(has("STATUS"), "how it goes", number + 1)
            self.assertRegex(fields["STATUS"], r"^draining: 1 session open .*, cut in \d+s$")
        client.goodbye()
        client.read_until_end()
        self.assertEqual(daemon.wait(), 0)

    def test_without_a_manager_it_runs_as_well(self):
        daemon = self.start(simple("127.0.0.1:1"), environment={"NOTIFY_SOCKET": ""})
        self.assertEqual(daemon.stop(), 0)

    def test_the_watchdog_is_fed_while_every_worker_is_alive_and_only_then(self):
        daemon = self.begin(watchdog_seconds=0.6, workers=2)
        number, _ = self.manager.wait(has("WATCHDOG", "1"), "WATCHDOG=1")
        for _ in range(5):
            number, _ = self.manager.wait(has("WATCHDOG", "1"), "WATCHDOG=1 again", number + 1)
        with Stopped(daemon.process.pid, "worker-1"):
            # One question may have been answered already; from then on there is silence, while the
            # process goes on to say how it is.
            _, fields = self.manager.wait(has("STATUS"), "a status", len(self.manager.told))
            number = len(self.manager.told)
            self.manager.wait(has("STATUS"), "the next status", number)
            said = [fields for fields in self.manager.told[number:] if "WATCHDOG" in fields]
            self.assertEqual(said, [])
            number = len(self.manager.told)
        self.manager.wait(has("WATCHDOG", "1"), "WATCHDOG=1 once it goes on", number)

    def test_the_watchdog_is_fed_while_the_main_thread_waits(self):
        """As in a reload, for a name server that does not answer: no session waits for that."""
        daemon = self.begin(watchdog_seconds=0.6)
        self.manager.wait(has("WATCHDOG"), "WATCHDOG")
        with Stopped(daemon.process.pid, "ferrule"):
            number = len(self.manager.told)
            for _ in range(3):
                number, _ = self.manager.wait(has("WATCHDOG"), "WATCHDOG", number + 1)


class Stopped:
    """Holds one thread of a process, and no other (ptrace(2))."""

    SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17

    def __init__(self, process, name):
        tasks = pathlib.Path(f"/proc/{process}/task")
        self.thread = next(int(task.name) for task in sorted(tasks.iterdir())
                           if (task / "comm").read_text().strip() == name)
        self._libc = ctypes.CDLL(None, use_errno=True)

    def _ptrace(self, request):
        if self._libc.ptrace(request, self.thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request}")

    def __enter__(self):
        self._ptrace(self.SEIZE)
        self._ptrace(self.INTERRUPT)
        os.waitpid(self.thread, 0x40000000)  # __WALL
        return self

    def __exit__(self, *_):
        self._ptrace(self.DETACH)


class Activation(DaemonCase):
    def listening(self, family=socket.AF_INET):
        made = socket.create_server(("127.0.0.1" if family == socket.AF_INET else "::1", 0),
                                    family=family, backlog=128)
        self.addCleanup(made.close)
        return made

    def settings(self, address="fd:web", **options):
        self.app = self.backend().serve(echo)
        return simple(self.app, addresses=[address] if isinstance(address, str) else address,
                      **options)

    def talk(self, address):
        client = self.client(address).handshake()
        client.send(b"ping")
        self.assertEqual(client.read_exactly(4), b"ping")
        return client

    def test_a_passed_socket_is_served_by_all_workers(self):
        made = self.listening()
        daemon = self.start(self.settings(workers=2), **activated([("web", made)]))
        self.assertEqual(daemon.address("web"), made.getsockname())
        for _ in range(20):
            self.talk(made.getsockname())

    def test_sockets_with_one_name_belong_to_one_address(self):
        both = [self.listening(), self.listening(socket.AF_INET6)]
        daemon = self.start(self.settings(), **activated([("web", each) for each in both]))
        self.assertEqual(daemon.addresses("web"), [each.getsockname()[:2] for each in both])
        for each in both:
            self.talk(each.getsockname()[:2])

    def test_each_name_goes_to_its_listener(self):
        web, other = self.listening(), self.listening()
        daemon = self.start(self.settings(["fd:other"]),
                            **activated([("web", web), ("other", other)]))
        self.assertEqual(daemon.address("web"), other.getsockname())
        daemon.message("fd:web: no listener names this socket")

    def test_one_that_was_not_passed_is_an_error_that_names_the_others(self):
        daemon = self.start(self.settings("fd:wbe"), ready=False,
                            **activated([("web", self.listening())]))
        self.assertEqual(daemon.wait(), 1)
        self.assertIn("listener web: fd:wbe: no socket of this name was passed on (web)",
                      "".join(daemon.foreign))

    def test_one_that_does_not_listen_is_an_error(self):
        with socket.socket() as unbound, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            datagrams.bind(("127.0.0.1", 0))
            for wrong in (unbound, datagrams):
                daemon = self.start(self.settings(), ready=False, **activated([("web", wrong)]))
                self.assertEqual(daemon.wait(), 1)
                self.assertIn("listener web: fd:web: ", "".join(daemon.foreign))

    def test_one_that_its_owner_shuts_down_is_told_and_tried_again(self):
        made = self.listening()
        daemon = self.start(self.settings(workers=2, drain={"timeout": "2s", "spread": "0s"}),
                            **activated([("web", made)]))
        text = pathlib.Path(daemon.path).read_text(encoding="utf-8")
        self.talk(made.getsockname())
        made.shutdown(socket.SHUT_RD)
        eventually(lambda: daemon.get("/readyz")[0] == 503, "/readyz to say 503")
        daemon.message("cannot accept worker=. listener=web address=127.0.0.1:.*: Invalid argument")
        cpu_before = daemon.cpu_seconds()
        lines_before = len(daemon.messages)
        time.sleep(2)
        self.assertLess(daemon.cpu_seconds() - cpu_before, 0.7, "the daemon spins")
        self.assertLess(len(daemon.messages) - lines_before, 5, "the daemon floods its log")
        self.assertGreaterEqual(daemon.scrape().sum("ferrule_accept_paused_total", reason="error"),
                                1)
        daemon.signal(signal.SIGHUP)
        daemon.wait_for_metric("ferrule_reloads_total", 1, result="ok")
        made.listen(128)
        eventually(lambda: daemon.get("/readyz")[0] == 200, "/readyz to say 200")
        daemon.message("accepting again worker=. listener=web")
        self.talk(made.getsockname())
        made.shutdown(socket.SHUT_RD)
        eventually(lambda: daemon.get("/readyz")[0] == 503, "/readyz to say 503 again")
        daemon.write(text.replace("fd:web", "127.0.0.1:0"))
        daemon.signal(signal.SIGHUP)
        eventually(lambda: daemon.get("/readyz")[0] == 200, "the listener that fails to be gone")
        daemon.signal(signal.SIGTERM)
        self.assertIn(daemon.wait(), (0, 1))

    def test_a_reload_keeps_it_drops_it_and_takes_it_again(self):
        made = self.listening()
        with_it = self.settings()
        daemon = self.start(with_it, **activated([("web", made)]))
        client = self.talk(made.getsockname())
        def reload(settings, count):
            daemon.write(settings if isinstance(settings, str) else to_yaml(settings))
            daemon.signal(signal.SIGHUP)
            daemon.wait_for_metric("ferrule_reloads_total", count, result="ok")
        text = pathlib.Path(daemon.path).read_text(encoding="utf-8")
        reload(text, 1)
        self.talk(made.getsockname())
        reload(text.replace("fd:web", "127.0.0.1:0"), 2)
        reload(text, 3)
        self.talk(made.getsockname())
        client.send(b"more")
        self.assertEqual(client.read_exactly(4), b"more")

    def test_a_restart_refuses_nobody(self):
        """Who comes while nobody accepts waits in the queue that is held outside."""
        made = self.listening()
        settings = self.settings(drain={"timeout": "60s", "spread": "0s"}, workers=2)
        first = self.start(settings, **activated([("web", made)]))
        open_session = self.talk(made.getsockname())
        first.signal(signal.SIGTERM)
        first.wait_for_metric("ferrule_draining", 1)
        eventually(lambda: first.get("/readyz")[0] == 503, "the drain to begin")
        # It accepts nobody any more, and yet nobody is refused or reset.
        waiting = [Background(self.talk, made.getsockname()) for _ in range(10)]
        open_session.send(b"still")
        self.assertEqual(open_session.read_exactly(5), b"still")
        open_session.goodbye()
        seen = open_session.read_until_end()
        self.assertEqual((seen.close_notify, seen.end), (True, FIN), str(seen))
        self.assertEqual(first.wait(), 0)
        second = self.start(pathlib.Path(first.path).read_text(encoding="utf-8"),
                            **activated([("web", made)]))
        for each in waiting:
            each.result()
        self.assertEqual(second.scrape().sum("ferrule_sessions_started_total"), 10)


if __name__ == "__main__":
    unittest.main()
