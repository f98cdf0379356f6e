#!/usr/bin/env python3
"""Where the process listens: alone, from the last moment of a start or reload on, and again."""

import os
import signal
import unittest

from support.backend import echo
from support.case import DaemonCase, simple
from support.places import fresh
from support.waiting import eventually


class Listening(DaemonCase):
    def setUp(self):
        self.app = self.backend().serve(echo)

    def is_served(self, address):
        client = self.client(address).handshake()
        client.send(b"ping")
        self.assertEqual(client.read_exactly(4), b"ping")
        return client

    def reload(self, daemon, count, settings=None):
        if settings is not None:
            daemon.write(settings)
        daemon.signal(signal.SIGHUP)
        daemon.wait_for_metric("ferrule_reloads_total", count, result="ok")

    def test_a_second_process_cannot_share_the_port_in_silence(self):
        daemon = self.start(simple(self.app, workers=2))
        host, port = daemon.address("web")

        def is_refused():
            second = self.start(simple(self.app, addresses=[f"{host}:{port}"]), ready=False)
            self.assertEqual(second.wait(), 1)
            self.assertIn(f"cannot listen on {host}:{port}: Address already in use",
                          "".join(second.foreign))
        is_refused()
        # The process itself may call its port by another name.
        self.reload(daemon, 1, simple(self.app, workers=2, addresses=[f"0.0.0.0:{port}"]))
        is_refused()
        self.is_served((host, port))

    def test_an_address_that_is_dropped_and_taken_again_at_once_is_served(self):
        daemon = self.start(simple(self.app, workers=2))
        free = self.backend(listening=False)
        free.close()
        for count in range(1, 7):
            wanted = free.text if count % 2 == 0 else "127.0.0.1:0"
            self.reload(daemon, count, simple(self.app, workers=2, addresses=[wanted]))
        self.is_served(free.address)

    def test_a_unix_listener_whose_file_was_removed_is_made_anew(self):
        path = str(fresh("web.sock"))
        daemon = self.start(simple(self.app, addresses=[f"unix:{path}"], workers=2))
        before = self.is_served(path)
        os.unlink(path)
        self.reload(daemon, 1)
        self.assertTrue(os.path.exists(path))
        for _ in range(4):
            self.is_served(path)
        before.send(b"more")
        self.assertEqual(before.read_exactly(4), b"more")
        self.reload(daemon, 2)
        self.is_served(path)
        daemon.kill()

    def test_the_file_of_a_unix_listener_that_was_made_anew_goes_with_the_process(self):
        path = str(fresh("web.sock"))
        daemon = self.start(simple(self.app, addresses=[f"unix:{path}"]))
        os.unlink(path)
        self.reload(daemon, 1)
        self.assertEqual(daemon.stop(), 0)
        self.assertFalse(os.path.exists(path))

    def test_a_reload_that_was_ordered_before_it_was_ready_is_done_then(self):
        def order():
            # It stays pending over exec(2), as one does that comes in the midst of the start.
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
            os.kill(os.getpid(), signal.SIGHUP)
        daemon = self.start(simple(self.app), preexec=order)
        daemon.wait_for_metric("ferrule_reloads_total", 1, result="ok")

    def test_a_reload_looks_names_up_and_so_does_one_that_came_meanwhile(self):
        daemon = self.start(simple(f"localhost:{self.app.address[1]}"))
        for _ in range(5):
            daemon.signal(signal.SIGHUP)
        eventually(lambda: daemon.scrape().sum("ferrule_reloads_total", result="ok") >= 1,
                   "the first reload")
        self.reload(daemon, lambda count: count >= 2)
        self.is_served(daemon.address("web"))


if __name__ == "__main__":
    unittest.main()
