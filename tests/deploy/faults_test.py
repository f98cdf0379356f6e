#!/usr/bin/env python3
"""Real faults of the network between Ferrule and its peers: a peer vanishes, packets are lost one
way, only a FIN or an RST is lost, a path comes back in time.

    FERRULE_BINARY=build/release/ferrule tests/deploy/faults_test.py             all rows
    FERRULE_BINARY=build/release/ferrule tests/deploy/faults_test.py -k F7_      one row
    tests/deploy/faults_test.py --table                                          the table

Client, proxy and backend of each row have a network namespace of their own. Needs root, ip
(iproute2), nft (nftables), and openssl.
"""

import concurrent.futures
import pathlib
import re
import shutil
import signal
import sys
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]

from faults import CHAPTERS, network  # noqa: E402
from faults.scene import FaultScene  # noqa: E402
from support import rows  # noqa: E402
from support.places import BINARY, SOURCE  # noqa: E402
from support.waiting import eventually  # noqa: E402

MANUAL = SOURCE / "docs" / "endings.md"


def require():
    missing = [tool for tool in ("ip", "nft", "openssl") if not shutil.which(tool)]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)} (see the file `packages`)")
    if not pathlib.Path(BINARY).is_file():
        sys.exit(f"no ferrule at {BINARY}; set FERRULE_BINARY")


class Faults:
    """The tests of a chapter."""

    scene_type = FaultScene

    @classmethod
    def ready(cls):
        cls.descriptors = cls.daemon.descriptors()
        if "drain" in cls.chapter.settings:
            gate = threading.Barrier(len(cls.scenes), lambda: cls.daemon.signal(signal.SIGTERM))
            for scene in cls.scenes.values():
                scene.before_drain = gate

    def test_zy_nothing_stays_behind(self):
        concurrent.futures.wait(self.results.values())
        if "drain" in self.chapter.settings:
            self.daemon.wait()
            return
        self.daemon.wait_for_metric("ferrule_sessions_open", 0)
        eventually(lambda: self.daemon.descriptors() <= self.descriptors,
                   "the daemon to close its descriptors")

    def test_zz_the_daemon_had_no_reason_to_complain(self):
        if "drain" not in self.chapter.settings:
            super().test_zz_the_daemon_had_no_reason_to_complain()
            return
        # The drain has cut sessions, and the exit code says so.
        self.assertEqual((self.daemon.wait(), self.daemon.complaints()), (1, []))


def table():
    """The section's tables, one for each chapter, as they stand in the manual."""
    return re.sub(r"(?m)^## ", "#### ", rows.markdown(CHAPTERS))


class Table(unittest.TestCase):
    def test_the_manual_has_the_table(self):
        section = MANUAL.read_text(encoding="utf-8").partition("\n### Real faults\n")[2]
        self.assertIn(table().strip(), section)

    def test_no_id_is_used_twice(self):
        ids = [row.id for chapter in CHAPTERS for row in chapter.rows]
        self.assertEqual(sorted(ids), sorted(set(ids)))


for _chapter in CHAPTERS:
    _name = re.sub(r"\W", "", _chapter.name.title())
    globals()[_name] = type(_name, (Faults, rows.chapter_case(_chapter)), {})

if __name__ == "__main__":
    if "--table" in sys.argv:
        sys.stdout.write(table())
    else:
        require()
        network.leave_home()
        unittest.main(testRunner=rows.Runner, verbosity=1)
