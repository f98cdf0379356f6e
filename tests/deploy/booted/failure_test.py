"""What happens when Ferrule dies or hangs."""

import os
import signal
import unittest

import hold
from backends import Nginx
from load import context, short
from service import ServiceCase, drop_in, eventually, journal, journal_mark, show

# Short, so that the test is; a busy machine gives every thread its turn within it.
WATCHDOG = "[Service]\nWatchdogSec=4s\n"


class AFailure(ServiceCase):
    def setUp(self):
        super().setUp()
        self.nginx = Nginx()
        self.addCleanup(self.nginx.close)

    def serves_again(self, pid, restarts):
        new = self.wait_for_another(pid)
        self.assertEqual(int(show("NRestarts")), restarts)
        short(context())
        return new

    def test_a_process_that_is_killed_is_started_again(self):
        pid = self.start()
        os.kill(pid, signal.SIGKILL)
        self.serves_again(pid, 1)

    def watchdog_bites(self, pid):
        self.serves_again(pid, 1)
        self.assertIn("Watchdog timeout", journal(self.mark, "systemd"))

    def test_a_process_that_is_stopped_is_killed_by_the_watchdog(self):
        drop_in(WATCHDOG)
        pid = self.start()
        os.kill(pid, signal.SIGSTOP)
        self.watchdog_bites(pid)

    def test_a_single_worker_that_is_stuck_is_seen_by_the_watchdog(self):
        drop_in(WATCHDOG)
        for chosen in range(2):
            with self.subTest(worker=chosen):
                pid = self.start()
                self.mark = journal_mark()
                thread = self.workers(pid)[chosen]
                with hold.Held(thread):
                    self.watchdog_bites(pid)
                self.away()
                drop_in(WATCHDOG)

    def test_the_watchdog_leaves_it_alone_when_it_works(self):
        drop_in(WATCHDOG)
        pid = self.start()
        pings = eventually(lambda: show("WatchdogTimestampMonotonic"), "a ping")
        for _ in range(4):
            pings = eventually(
                lambda last=pings: (now := show("WatchdogTimestampMonotonic")) != last and now,
                "another ping")
        self.assertEqual((int(show("MainPID")), show("NRestarts")), (pid, "0"))

    def workers(self, pid):
        """The threads that serve sessions."""
        found = hold.threads(pid)
        print("\n  threads:", found)
        return [thread for thread, name in found.items() if name.startswith(b"worker-")]


if __name__ == "__main__":
    unittest.main()
