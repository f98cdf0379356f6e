#!/usr/bin/env python3
"""A fuzzer of whole sessions: the real daemon, hostile clients and backends, and what befalls a process.

Each session plays random acts of both its peers: records that no TLS library sends, half messages,
every alert, resets, silence, peers that stop reading. Meanwhile the process is stopped and continued,
reloaded, asked to kill sessions, and in the end drained or killed. Oracles: it lives until then; no
peer is told a clean end that the other did not make (E1, E7, E8); every byte that was read arrived or
is told as lost (E6); every session ends within its bounds (E4); a bystander is served.

    session_fuzz_test.py [--seconds 30] [--seed N] [--slots 40]

The seed decides what is played; the kernel and the scheduler decide the rest, so a violation may take
several tries to come again. Each is told with all that its peers did and saw.
"""

import argparse
import collections
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from fuzzing.campaign import Round  # noqa: E402

ROUND = 8  # seconds


def main():
    parser = argparse.ArgumentParser(description="Fuzz whole sessions of the daemon.")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--slots", type=int, default=40, help="sessions at the same time")
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    give_up = time.monotonic() + chosen.seconds
    sessions, found = 0, []
    causes, befell = collections.Counter(), collections.Counter()
    while time.monotonic() < give_up and len(found) < 20:
        played = Round(seed, chosen.slots, min(ROUND, chosen.seconds)).run()
        seed += 1
        sessions += played.sessions
        causes += played.causes
        befell += played.befell
        found += played.found
        for text in played.found:
            print(f"\nVIOLATION, {text}", flush=True)
    print(f"{sessions} sessions; {', '.join(f'{count} {what}' for what, count in befell.items())}")
    # In one line: what was found stays among the last ones, where a report of failures looks.
    print(", ".join(f"{count} {cause} {outcome}" for (cause, outcome), count in causes.most_common()))
    print(f"{len(found)} violations")
    return 1 if found or not sessions else 0


if __name__ == "__main__":
    sys.exit(main())
