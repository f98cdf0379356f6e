"""Sessions whose daemon dies (docs/endings.md, rule E7).

Two ways to get there. The rows of the chapter "death" say when: they play up to a moment and call
`the_daemon_dies`. And every other row can be interrupted: its endpoints count what they do, stop at
the step that is asked for, and when the daemon is dead, each of them reads on to its end.
"""

import socket
import threading

from .backend import Backend
from .raw_records import ALERT, RawRecords
from .rows import ChapterCase
from .scene import Scene
from .tcp import FIN, RST, Peer
from .tls_client import TlsClient
from .waiting import LIMIT, TookTooLong, eventually

# So long that the proxy ends nothing by itself while a row stands still.
LONG = "1m"
LONG_TIMEOUTS = {key: LONG for key in ("handshake", "connect", "idle")}
LONG_SHUTDOWN = {key: LONG for key in
                 ("timeout", "half_close_timeout", "stall_timeout", "linger", "deadline")}


def start_all(functions):
    """Each in a thread of its own: all of them wait for the same moment."""
    threads = [threading.Thread(target=function, daemon=True) for function in functions]
    for thread in threads:
        thread.start()
    return threads


class DeathScene(Scene):
    """A row of the chapter "death"."""

    def __init__(self, row, version):
        super().__init__(row, version)
        self.is_ready = threading.Event()  # to see the daemon die, or over
        self.is_dead = threading.Event()
        self.failure = None

    def the_daemon_dies(self):
        self.is_ready.set()
        if not self.is_dead.wait(3 * LIMIT):
            raise TookTooLong("the daemon never died")

    def run(self):
        """There is no log line, and nobody to ask for metrics."""
        try:
            self.row.play(self)
        except Exception as failure:
            self.failure = self._report(failure, [])
        finally:
            self.is_ready.set()
            self._close()


class DeathCase(ChapterCase):
    """All rows of a chapter behind one daemon that dies once, by `signal`."""

    scene_type = DeathScene
    signal = None

    @classmethod
    def begin(cls, selected):
        super().begin(selected)
        for scene in cls.scenes.values():
            scene.is_ready.wait(LIMIT)
        cls.daemon.signal(cls.signal)
        cls.daemon.wait()
        for scene in cls.scenes.values():
            scene.is_dead.set()

    def _ask(self, name):
        self.results[name].result()
        if self.scenes[name].failure:
            self.fail("\n" + self.scenes[name].failure)

    def test_zz_the_daemon_had_no_reason_to_complain(self):
        self.assertEqual(self.daemon.process.returncode < 0 or self.daemon.process.returncode > 1,
                         True, "the daemon ended by itself")


# --- every row, interrupted ------------------------------------------------------------------------

class Interrupted(Exception):
    """The end of a play: its daemon is dead."""


class _Watched:
    """What a peer does is a step of its scene; whether it has ended is remembered."""

    scene = None
    end = None  # what its peer's end was
    has_ended = False
    is_closed = False

    def watch(self, scene):
        self.scene = scene
        scene.watched.append(self)

    def send_raw(self, data):
        self._step()
        return super().send_raw(data)

    def send_until_full(self, data):
        try:
            super().send_until_full(data)
        except ConnectionResetError:
            self.end = RST
            raise

    def receive(self, *size):
        """An end stays what it was: who reads behind an RST would see a FIN."""
        self._step()
        if self.end is not None:
            return self.end
        more = super().receive(*size)
        if more in (FIN, RST):
            self.end = more
        return more

    def fin(self):
        self._step(ends=True)
        super().fin()

    def rst(self):
        self._step(ends=True)
        self.is_closed = True
        super().rst()

    def close(self):
        if not self.is_closed and self.scene:
            self._step(ends=True)
        self.is_closed = True
        super().close()

    def _step(self, ends=False):
        if self.scene is not None:
            self.scene.step()
        self.has_ended = self.has_ended or ends


class _WatchedClient(_Watched, TlsClient):
    is_established = False

    def handshake(self, **options):
        super().handshake(**options)
        self.is_established = True
        return self

    def close_notify(self):
        self._step(ends=True)
        return super().close_notify()


class _WatchedRecords(RawRecords):
    def record(self, kind, data):
        self.client.has_ended = self.client.has_ended or kind == ALERT
        return super().record(kind, data)


class _WatchedPeer(_Watched, Peer):
    client = None  # whose session this is


class _WatchedBackend(Backend):
    def __init__(self, scene, *arguments, **options):
        self.peer_type = self._make_peer
        self._scene = scene
        super().__init__(*arguments, **options)

    def close_listener(self):
        """Connections that wait are taken, to see how they end; whoever waits for one is woken.
        In a queue that was made full (R52) wait others than the daemon's."""
        self.sock.setblocking(False)
        try:
            while self._scene.row.server.get("backlog") != 0:
                self._peers.append(self._make_peer(self.sock.accept()[0]))
        except OSError:
            pass
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _make_peer(self, connection):
        peer = _WatchedPeer(connection)
        peer.client = self._scene.latest_client
        peer.watch(self._scene)
        return peer


class InterruptedScene(DeathScene):
    """A row that is stopped at its step number `at`, and what its peers see of a death then."""

    def __init__(self, row, version, at):
        self.at = at
        self.steps = 0
        self.watched = []
        self.latest_client = None
        self._lock = threading.Lock()
        self._is_judging = False
        super().__init__(row, version)

    def step(self):
        if self._is_judging:
            return
        with self._lock:
            self.steps += 1
            is_early = self.steps < self.at
        if not is_early or self.is_dead.is_set():
            self.the_daemon_dies()
            raise Interrupted

    def listener(self):
        made = super().listener()
        return {**made, "timeouts": LONG_TIMEOUTS,
                "shutdown": {**made.get("shutdown", {}), **LONG_SHUTDOWN}}

    def make_backend(self):
        path = self._backend_path()
        return _WatchedBackend(self, self.row.server_kind, path, **self.row.server)

    def make_client(self, *arguments, **options):
        client = _WatchedClient(*arguments, **options)
        client.watch(self)
        self.latest_client = client
        return client

    def make_records(self, *arguments):
        return _WatchedRecords(*arguments, client_type=self.make_client)

    def run(self):
        try:
            self.row.play(self)
        except Exception as failure:  # of whatever kind: the daemon has gone, or the step has come
            self.note(f"stopped by {type(failure).__name__} at step {self.steps}")
        self.is_ready.set()
        self.is_dead.wait(3 * LIMIT)

    def mourn(self):
        """The daemon is dead: whoever waits for something of it goes on."""
        self.is_dead.set()
        self.backend.close_listener()

    # --- the oracle ---------------------------------------------------------------------------------

    def judge(self):
        """What is wrong, each as a sentence. To be asked once the plays are over."""
        self._is_judging = True
        try:
            return [f"{self.row.id} ({self.version}), step {self.at}: {text}; {self.notes}"
                    for text in self._judge()]
        finally:
            self._close()

    def _judge(self):
        if self.row.listener.get("shutdown", {}).get("on_proxy_end") == "notify":
            return  # the operator's choice to say what nobody said
        for each in self.watched:
            if each.is_closed:
                continue
            if isinstance(each, _WatchedPeer):
                yield from self._judge_backend(each)
            else:
                yield from self._judge_client(each)

    def _judge_backend(self, peer):
        if self.row.server_kind == "unix":
            return
        end = peer.recv_until_end().end
        client = peer.client
        if end == FIN and client is not None and not client.has_ended:
            yield "its backend saw a FIN that the client did not say"

    def _judge_client(self, client):
        if self.row.listen_kind == "unix":
            return
        if client.is_established:
            seen = client.read_until_end()
        else:
            while client.seen.end is None:
                more = client.receive()
                if more in (FIN, RST):
                    client.seen.end = more
            seen = client.seen
        peers = [each for each in self.watched
                 if isinstance(each, _WatchedPeer) and each.client is client]
        if any(peer.has_ended for peer in peers):
            return
        if seen.close_notify:
            yield "its client saw a close_notify, and no backend had ended"
        # A client that breaks TLS is told so by an alert and a FIN.
        is_refusal = seen.alert or seen.error or client.has_ended or \
            self.row.ends["cause"] in ("handshake_failed", "tls_error")
        if seen.end == FIN and not is_refusal:
            yield "its client saw a FIN, and no backend had ended"


def wait_until_all_stand_still(scenes, at_most):
    """At their step, or over; rows that wait for a time to pass are caught in the middle of it."""
    try:
        eventually(lambda: all(scene.is_ready.is_set() for scene in scenes), "plays", at_most)
    except TookTooLong:
        pass
