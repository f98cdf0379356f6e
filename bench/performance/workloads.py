"""What is measured: the loads that are run, and the rows of the tables that are read from them."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Run:
    """One load on one proxy; `arguments` are those of `load`."""
    name: str
    arguments: str
    certificate: str = "p256"  # or rsa
    has_tuned: bool = False  # also with the peers' tuned configurations
    plain_as: str = ""  # for the relay: the same load as this other run's


@dataclasses.dataclass(frozen=True)
class Row:
    """One figure. `goal_best` and `goal_limit`: at most so much of the best peer's, of the limit."""
    name: str
    title: str
    unit: str
    run: str
    figure: str = "cost"
    crypto: str = ""  # what OpenSSL alone costs: (kind, key) as measure.py keeps it
    goal_best: float = 1.0
    goal_limit: float = 0.0
    in_goals: bool = True


RUNS = [
    Run("full-1.3", "handshake --tls 1.3"),
    Run("full-1.3-rsa", "handshake --tls 1.3", certificate="rsa", plain_as="full-1.3"),
    Run("resumed-1.3", "handshake --tls 1.3 --resume", plain_as="full-1.3"),
    Run("full-1.2", "handshake --tls 1.2", plain_as="full-1.3"),
    Run("resumed-1.2", "handshake --tls 1.2 --resume", plain_as="full-1.3"),
    Run("down-8", "down --sessions 8", has_tuned=True),
    Run("down-64", "down --sessions 64", has_tuned=True),
    Run("up-8", "up --sessions 8", has_tuned=True),
    Run("up-64", "up --sessions 64", has_tuned=True),
    Run("ping-64", "ping --size 64 --sessions 64"),
    Run("ping-1k", "ping --size 1024 --sessions 64"),
    Run("ping-16k", "ping --size 16384 --sessions 64"),
    Run("ping-alone", "ping --size 64 --sessions 1"),
    Run("ping-1000", "ping --size 64 --sessions 1000"),
    Run("idle", "idle --sessions 3000"),
    Run("mix", "mix --sessions 8 --bulk 8", has_tuned=True),
]

ROWS = [
    Row("full-1.3", "full handshake, TLS 1.3, P-256", "µs/session", "full-1.3",
        crypto="1.3 p256 us_for_each_session", goal_best=0.82, goal_limit=1.15),
    Row("full-1.3-rsa", "the same, RSA-2048", "µs/session", "full-1.3-rsa",
        crypto="1.3 rsa us_for_each_session", goal_best=0.91),
    Row("resumed-1.3", "resumed, TLS 1.3", "µs/session", "resumed-1.3",
        crypto="1.3 resumed us_for_each_session"),
    Row("full-1.2", "full handshake, TLS 1.2, P-256", "µs/session", "full-1.2",
        crypto="1.2 p256 us_for_each_session"),
    Row("resumed-1.2", "resumed, TLS 1.2", "µs/session", "resumed-1.2",
        crypto="1.2 resumed us_for_each_session"),
    Row("down-8", "bulk to client, 8 sessions", "CPU-s/GiB", "down-8",
        crypto="1.3 p256 down_seconds_for_each_GiB", goal_best=0.60, goal_limit=1.10),
    Row("down-64", "bulk to client, 64 sessions", "CPU-s/GiB", "down-64",
        crypto="1.3 p256 down_seconds_for_each_GiB", in_goals=False),
    Row("up-8", "bulk to backend, 8 sessions", "CPU-s/GiB", "up-8",
        crypto="1.3 p256 up_seconds_for_each_GiB", goal_best=0.73, goal_limit=1.05),
    Row("up-64", "bulk to backend, 64 sessions", "CPU-s/GiB", "up-64",
        crypto="1.3 p256 up_seconds_for_each_GiB", in_goals=False),
    Row("ping-64", "ping-pong 64 B, 64 sessions", "µs/message", "ping-64",
        crypto="1.3 p256 us_for_each_message", goal_best=0.85),
    Row("ping-1k", "ping-pong 1 KiB, 64 sessions", "µs/message", "ping-1k",
        crypto="1.3 p256 us_for_each_1k", goal_best=0.87),
    Row("ping-16k", "ping-pong 16 KiB, 64 sessions", "µs/message", "ping-16k",
        crypto="1.3 p256 us_for_each_16k", goal_best=0.92),
    Row("ping-alone", "ping-pong 64 B, 1 session", "µs/message", "ping-alone",
        crypto="1.3 p256 us_for_each_message", in_goals=False),
    Row("ping-1000", "ping-pong 64 B, 1000 sessions", "µs/message", "ping-1000",
        crypto="1.3 p256 us_for_each_message", in_goals=False),
    Row("idle", "idle session", "KiB PSS", "idle", figure="pss_kib",
        crypto="1.3 p256 idle_kib", goal_best=0.80),
    Row("close", "all sessions ended at once by the backend", "µs/close", "idle",
        crypto="1.3 p256 us_for_each_close"),
    Row("mix-bulk", "mix: 8 downloads beside 8 ping-pongs", "CPU-s/GiB", "mix",
        crypto="1.3 p256 down_seconds_for_each_GiB", in_goals=False),
]
LATENCIES = ["ping-alone", "ping-64", "ping-1000", "mix"]
