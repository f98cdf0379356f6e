#!/usr/bin/env python3
"""A daemon that dies tells nobody a clean end that its peer did not make (docs/endings.md, E7).

The rows of the chapter "death" are played once for each way to die. Every other row is stopped at
one step after the other of its two peers, and the daemon killed there.
"""

import signal
import socket
import unittest

from endings import CHAPTERS, deaths
from support.activation import activated
from support.case import DaemonCase, simple
from support.configuration import configuration
from support.daemon import Daemon
from support import death
from support.death import InterruptedScene, start_all, wait_until_all_stand_still
from support.rows import chapter_case
from support.tcp import RST
from support.waiting import LIMIT

# Steps of a session with TLS 1.3: 1 sends the ClientHello, 2 awaits the answer, 3 sends the
# Finished; what follows is the row's own.
STEPS = (2, 3, 4, 5, 6, 7, 9, 12)

for _signal in (signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV):
    _case = chapter_case(deaths.chapter, death.DeathCase)
    _case.signal = _signal
    _case.__qualname__ = _case.__name__ = f"Death{_signal.name.title()}"
    globals()[_case.__name__] = _case
del _case


class EveryRow(unittest.TestCase):
    """`kill -9` as a column of the table."""

    def play_up_to(self, step):
        """All rows of all chapters with both TLS versions; what each peer that was not told a true
        end has seen of the death, if it was a lie."""
        scenes, daemons = [], []
        for chapter in CHAPTERS:
            if chapter is not deaths.chapter:
                of_chapter = [InterruptedScene(row, version, step)
                              for row in chapter.rows for version in row.versions]
                daemons.append(self.serve(chapter, of_chapter))
                scenes += of_chapter
        for daemon in daemons:
            daemon.wait_until_ready()
        threads = start_all([scene.run for scene in scenes])
        wait_until_all_stand_still(scenes, at_most=2.5)
        for daemon in daemons:
            daemon.kill()
        for scene in scenes:
            scene.mourn()
        for thread in threads:
            thread.join(3 * LIMIT)
        self.assertFalse(any(thread.is_alive() for thread in threads), "a play has not ended")
        return [text for scene in scenes for text in scene.judge()]

    def serve(self, chapter, scenes):
        daemon = Daemon(configuration(
            [scene.listener() for scene in scenes],
            {scene.name: scene.backend_entry() for scene in scenes}, **chapter.settings))
        self.addCleanup(daemon.kill)
        for scene in scenes:
            scene.daemon = daemon
        return daemon


def _add(step):
    def test(self):
        lies = self.play_up_to(step)
        self.assertFalse(lies, "\n" + "\n".join(lies))
    test.__doc__ = f"killed at step {step} of each row"
    setattr(EveryRow, f"test_killed_at_step_{step:02}", test)


for _step in STEPS:
    _add(_step)


class PassedSockets(DaemonCase):
    def test_a_client_of_a_passed_socket_is_reset_and_the_queue_stays(self):
        with socket.create_server(("127.0.0.1", 0)) as passed:
            app = self.backend()
            daemon = self.start(simple(app, addresses=["fd:web"]), **activated([("web", passed)]))
            client = self.client(passed.getsockname()).handshake()
            peer = app.accept()
            daemon.kill()
            self.assertEqual(client.read_until_end().end, RST)
            self.assertEqual(peer.recv_until_end().end, RST)

            waiting = socket.create_connection(passed.getsockname(), timeout=LIMIT)
            self.addCleanup(waiting.close)
            theirs, _ = passed.accept()
            theirs.close()
            self.assertEqual(waiting.recv(1), b"", "another program's connections are its own")


if __name__ == "__main__":
    unittest.main(verbosity=1)
