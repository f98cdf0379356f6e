"""One row against one proxy: the same play as in tests/system, judged by what both sides saw.

The log and the metrics are Ferrule's alone and count for nothing here. What counts besides the two
sides: once the play is over, the proxy must have let go of both connections (E4).
"""

import collections
import concurrent.futures
import os
import socket
import time

from endings import deaths
from sockets import free_port, holds
from support.places import folder
from support.scene import Scene
from support.tcp import Endpoint
from support.waiting import LIMIT, TookTooLong, eventually

PARALLEL = 48


ENOUGH = 4  # failures; then the play is stopped


def _fin(endpoint):
    """A FIN, or nothing if the proxy has reset the connection: what is read next shows that."""
    try:
        endpoint.sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass


Endpoint.fin = _fin  # the tests' own gives up there, and would not look at the other side


class Stopped(Exception):
    """Enough was seen."""


class Served:
    """What a row asks of a daemon, for any proxy."""

    def __init__(self, scene, running=None):
        self._scene, self.running = scene, running

    def address(self, _):
        return self._scene.address

    def session(self, _=None):
        """Waits until the proxy has let go of the row's connections."""
        scene = self._scene

        def has_let_go():
            # Asked twice: the kernel's list may lack an entry while others come and go.
            if holds(scene.address, scene.backend.address):
                return False
            time.sleep(0.12)
            return not holds(scene.address, scene.backend.address)
        eventually(has_let_go, "the proxy to let go of its connections")


class Contest(Scene):
    """A scene that goes on after a failure, so that both sides are looked at."""

    def __init__(self, row, version):
        super().__init__(row, version)
        host = {"ip4": "127.0.0.1", "ip6": "::1"}.get(row.listen_kind)
        if host:
            self.address = (host, free_port(host))
            text = f"[{host}]" if ":" in host else host
            self.listen_on = f"{text}:{self.address[1]}"
        else:
            self.address = self.listen_on.removeprefix("unix:")
        if row.server_kind == "unix":
            os.chmod(self.backend.address, 0o777)  # peers run as users of their own
        self.failures = []
        self.facts = {}  # name → number: what a row measures besides

    def fact(self, name, value):
        self.facts[name] = value

    def the_daemon_dies(self):
        self.daemon.running.die()

    def fail(self, text):
        self.failures.append(str(text))
        if len(self.failures) >= ENOUGH:
            raise Stopped()

    def play(self, running):
        self.daemon = Served(self, running)
        try:
            self.row.play(self)
            self.daemon.session()
        except Stopped:
            pass
        except TookTooLong as failure:
            self.failures.append(str(failure))
        except AssertionError as failure:
            self.failures.append(f"unexpected: {failure}")
        except OSError as failure:
            self.failures.append(f"unexpected: {failure.strerror or failure}")
        finally:
            self._close()
        # failures: sentences, none if the row is passed; notes: what was seen
        return {"failures": self.failures, "notes": self.notes, "facts": self.facts}


def rounds_of(proxy, rows, rounds, say):
    """Plays the rows that the proxy has the options for: {row id: [what each play came to]}."""
    os.chmod(folder(), 0o711)
    results = collections.defaultdict(list)
    rows = [row for row in rows if not proxy.missing(row)]
    for number in range(rounds):
        scenes = [Contest(row, version) for row in rows for version in row.versions]
        _play(proxy, scenes, results)
        failed = sum(any(result["failures"] for result in found) for found in results.values())
        say(f"{proxy.name}: round {number + 1} of {rounds}, {failed} of {len(results)} rows failed")
    return results


def _play(proxy, scenes, results):
    """All scenes at the same time; those that do something to the proxy have one of their own."""
    together = [scene for scene in scenes if not getattr(scene.row, "operation", None)
                and scene.row not in deaths.chapter.rows]
    alone = [scene for scene in scenes if scene not in together]
    running = proxy.start(together) if together else None
    try:
        if running:
            running.wait_until_ready(together)
        with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
            playing = [(scene, pool.submit(_alone, proxy, scene)) for scene in alone]
            playing += [(scene, pool.submit(scene.play, running)) for scene in together]
            for scene, result in playing:
                results[scene.row.id].append(result.result(40 * LIMIT))
    finally:
        if running:
            running.stop()
        for scene in scenes:
            scene._close()


def _alone(proxy, scene):
    running = proxy.start([scene])
    try:
        return scene.play(running.wait_until_ready([scene]))
    finally:
        running.stop()
