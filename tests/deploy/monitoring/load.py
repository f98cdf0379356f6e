"""A load that makes every kind of ending that can be made from outside, again and again.

The backend does what the first byte of a request says; each kind of ending is a function with the
listener that it needs. `run` plays them until it is told to stop.
"""

import subprocess
import threading
import time

from support.backend import Backend, echo
from support.configuration import configuration, listener
from support.places import BINARY, fresh
from support.tcp import FIN, RST, TCP_CLOSE, pattern
from support.tls_client import TLS13, HandshakeFailed, TlsClient, client_context
from support.waiting import LIMIT

FIRST = 15  # of each kind without a pause: a share of three or four sessions is no share
PAUSE = 0.4  # seconds between two of a kind then
BULK = pattern(4 * 1024 * 1024)  # more than all buffers on the way hold

# Bounds that pass within a test. `stuck` and `slow` differ in which bound comes first.
LISTENERS = {
    "web": {},
    "cut": {},
    "left": {},
    "broken": {},
    "hello": {"timeouts": {"handshake": "500ms"}},
    "down": {"timeouts": {"connect": "200ms"}},
    "unanswered": {"shutdown": {"timeout": "100ms"}},
    "stuck": {"timeouts": {"idle": "300ms"},
              "shutdown": {"half_close_timeout": "200ms", "stall_timeout": "200ms"}},
    "slow": {"shutdown": {"deadline": "700ms"}},
    "brief": {"timeouts": {"lifetime": "1s"}},
    "ordered": {},
}

# What the load makes, as series that must have counted: (name, labels).
MADE = [
    *[("ferrule_sessions_ended_total", f'cause="{cause}"') for cause in (
        "client_eof", "backend_eof", "client_truncated", "client_reset", "backend_reset",
        "tls_error", "handshake_failed", "probe", "no_backend", "idle_timeout", "write_stalled",
        "lifetime", "drain", "killed")],
    *[("ferrule_sessions_ended_total", f'outcome="{outcome}"') for outcome in (
        "clean", "cut", "lost")],
    *[("ferrule_close_notify_total", f'event="{event}"') for event in (
        "sent", "received", "missing", "timeout")],
    *[("ferrule_resets_total", f'side="{side}",direction="{direction}"')
      for side in ("client", "backend") for direction in ("in", "out")],
    *[("ferrule_shutdown_timeouts_total", f'timeout="{timeout}"') for timeout in (
        "close_notify", "half_close", "stall", "deadline")],
    *[("ferrule_handshakes_total", f'result="{result}"') for result in (
        "ok", "failed", "timeout", "aborted", "ended")],
    *[("ferrule_tls_sessions_total", f'version="{version}"') for version in (
        "TLSv1.2", "TLSv1.3")],
    ("ferrule_lost_bytes_total", 'direction="to_client"'),
    ("ferrule_tls_resumptions_total", 'listener="web"'),
    ("ferrule_backend_connects_total", 'result="failed"'),
]


def app(peer):
    """The backend's part of a session."""
    request = peer.receive()
    if request in (FIN, RST):
        return
    kind = bytes(request[:1])
    if kind == b"e":
        peer.send(request)
        echo(peer)
    elif kind == b"a":
        peer.send(request)
        peer.fin()
        peer.recv_until_end()
    elif kind == b"r":
        peer.send(b"half an answer")
        peer.rst()
    elif kind in b"bB":
        peer.send(BULK)
        if kind == b"B":
            peer.fin()
        peer.recv_until_end()
    elif kind == b"s":
        peer.recv_until_end()
        peer.wait_until_reset()


class Load:
    def __init__(self):
        self.app = Backend().serve(app)
        self.gone = Backend(listening=False)
        self.failures = []
        self._stop = threading.Event()
        self._threads = []
        self._context = client_context(TLS13)
        self._ticket = None
        self._control = fresh("control")

    def settings(self, certificate, **more):
        return configuration(
            [listener(name, "gone" if name == "down" else "app", *certificate, **options)
             for name, options in LISTENERS.items()],
            {"app": [self.app.text], "gone": [self.gone.text]},
            control={"path": str(self._control)}, **more)

    # --- kinds of endings -----------------------------------------------------------------------

    def _ask(self, address, request, **options):
        client = TlsClient(address, **options).handshake()
        client.send(request)
        return client

    def _wait_for_reset(self, client):
        """Without reading: it would be taken for a sign of life."""
        while client.state() != TCP_CLOSE and not self._stop.wait(0.02):
            pass

    def web_clean(self, address):
        client = self._ask(address, b"e", context=self._context, session=self._ticket,
                           server_name="localhost")
        client.read_exactly(1)
        self._ticket = client.engine.session
        client.goodbye()
        return client

    def web_clean_in_tls_1_2(self, address):
        client = self._ask(address, b"e", version="TLSv1.2")
        client.read_exactly(1)
        client.goodbye()
        return client

    def web_backend_ends(self, address):
        client = self._ask(address, b"a")
        client.read_until_close_notify()
        client.goodbye()
        return client

    def web_half_close(self, address):
        client = TlsClient(address).handshake(hold_last_flight=True)
        client.send_raw(client.encrypt(b"B") + client.close_notify())
        return client

    def web_tls_error(self, address):
        client = self._ask(address, b"e")
        client.send_raw(b"\x17\x03\x03\x00\x20" + bytes(32))
        return client

    def web_probe(self, address):
        TlsClient(address).close()

    def cut_off(self, address):
        client = self._ask(address, b"e")
        client.read_exactly(1)
        client.fin()
        return client

    def left_in_a_download(self, address):
        client = self._ask(address, b"b", receive_buffer=8192)
        client.read_exactly(1)
        client.rst()

    def broken_by_backend(self, address):
        return self._ask(address, b"r")

    def hello_no_tls(self, address):
        client = TlsClient(address)
        client.send_raw(b"GET / HTTP/1.0\r\n\r\n")
        return client

    def hello_left(self, address):
        client = TlsClient(address)
        client.send_raw(client.client_hello())
        client.receive()
        client.close()

    def hello_slow(self, address):
        client = TlsClient(address)
        client.send_raw(client.client_hello()[:20])
        return client

    def down(self, address):
        return TlsClient(address).handshake()

    def unanswered(self, address):
        client = self._ask(address, b"a")
        client.read_until_end()
        self._stop.wait(0.3)  # three times the bound; then nobody waits for our answer any more
        return client

    def stuck_idle(self, address):
        return self._ask(address, b"e")

    def stuck_stalled(self, address):
        client = self._ask(address, b"b", receive_buffer=4096)
        self._wait_for_reset(client)
        return client

    def stuck_half_closed(self, address):
        client = self._ask(address, b"s")
        client.goodbye()
        return client

    def stuck_at_the_end(self, address):
        client = self._ask(address, b"B", receive_buffer=4096)
        self._wait_for_reset(client)
        return client

    def slow(self, address):
        client = self._ask(address, b"B", receive_buffer=8192)
        client.goodbye()
        while client.receive(4096) not in (FIN, RST) and not self._stop.wait(0.05):
            pass
        client.close()

    def brief(self, address):
        client = self._ask(address, b"e")
        while client.receive() not in (FIN, RST) and not self._stop.wait(0.05):
            client.send(b"more")
        client.close()

    def ended_by_order(self, address):
        client = self._ask(address, b"e")
        client.read_exactly(1)
        subprocess.run([BINARY, "ctl", "--socket", str(self._control), "sessions", "kill",
                        "--listener", "ordered"], stdin=subprocess.DEVNULL, capture_output=True,
                       check=True, timeout=LIMIT)
        return client

    def ordered_in_its_handshake(self, address):
        return self.hello_slow(address)  # ended by the order for one that is further

    KINDS = {
        "web": [web_clean, web_clean_in_tls_1_2, web_backend_ends, web_half_close, web_tls_error,
                web_probe],
        "cut": [cut_off], "left": [left_in_a_download], "broken": [broken_by_backend],
        "hello": [hello_no_tls, hello_left, hello_slow], "down": [down],
        "unanswered": [unanswered],
        "stuck": [stuck_idle, stuck_stalled, stuck_half_closed, stuck_at_the_end],
        "slow": [slow], "brief": [brief], "ordered": [ended_by_order, ordered_in_its_handshake],
    }

    # --- playing them ---------------------------------------------------------------------------

    def start(self, daemon):
        for name, kinds in self.KINDS.items():
            address = daemon.address(name)
            for kind in kinds:
                thread = threading.Thread(target=self._play, args=(kind, address), daemon=True)
                thread.start()
                self._threads.append(thread)

    def _play(self, kind, address):
        count = 0
        while not self._stop.is_set():
            client = None
            try:
                client = kind(self, address)
                if client is not None:
                    client.read_until_end()
            except (OSError, HandshakeFailed):
                pass  # an end that came a step earlier; the counters say whether it was the one
            except (AssertionError, subprocess.SubprocessError) as failure:
                self.failures.append(f"{time.strftime('%X')} {kind.__name__}: {failure}")
            finally:
                if client is not None:
                    client.close()
            count += 1
            if count >= FIRST:
                self._stop.wait(PAUSE)

    def stop(self):
        self._stop.set()
        self.app.close()
        self.gone.close()
        for thread in self._threads:
            thread.join(5)
