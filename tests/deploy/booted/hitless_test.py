"""Changes under load, and not one connection refused or broken by them: reloads, restarts by socket
activation, an upgrade of the program. 500 long transfers and a stream of short sessions go on all
the time; each checks every byte that it gets."""

import collections
import os
import pathlib
import re
import shutil
import threading
import time
import unittest

from backends import Nginx, Sink
from load import Load
from service import (HERE, LIMIT, ServiceCase, endings, eventually, install_package,
                     is_same_program, journal, journal_mark, main_pid, make_certificate, metric,
                     metrics, run, settings, show, swap_certificates, systemctl, write)

LONG = int(os.environ.get("FERRULE_LOAD_LONG", "500"))
PACE = int(os.environ.get("FERRULE_LOAD_SHORT", "15"))
RELOADS = 20
RESTARTS = 3

UP_SOCKET = """\
[Socket]
Service=ferrule.service
FileDescriptorName=up
ListenStream=127.0.0.1:444
Backlog=4096
"""


def under_load(number=0):
    """The settings of reload `number`: no two that follow each other are the same."""
    listeners = {"web": "fd:web", "up": "fd:up"}
    if number % 2:
        listeners["extra"] = f"127.0.0.1:{4500 + number}"
    return settings(
        listeners, drain="{timeout: 60s, spread: 5s}",
        timeouts=f"{{handshake: 60s, connect: 30s, idle: {120 + number}s}}",
        shutdown=f"{{mode: {'notify' if number % 4 == 2 else 'wait'}, timeout: {20 + number}s, "
                 f"linger: {5 + number}s}}",
        limits=f"{{sessions: {4000 + number}}}")


class LastSeen:
    """What the metrics of each process said last; asked all the time, since they go with it."""

    def __init__(self):
        self.texts = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self):
        while not self._over.wait(0.3):
            try:
                text = metrics()
            except OSError:
                continue  # between two processes
            started = re.search(r"(?m)^process_start_time_seconds (\S+)", text)
            self.texts[started[1] if started else "?"] = text

    def stop(self):
        self._over.set()
        self._thread.join(LIMIT)

    def ended(self, **labels):
        total = 0.0
        for text in self.texts.values():
            for found in re.finditer(r"(?m)^ferrule_sessions_ended_total\{(.*)\} (\S+)$", text):
                if all(f'{key}="{value}"' in found[1] for key, value in labels.items()):
                    total += float(found[2])
        return total


class HitlessChange(ServiceCase):
    def setUp(self):
        super().setUp()
        self.servers = [Nginx(), Sink()]
        for server in self.servers:
            self.addCleanup(server.close)
        unit = pathlib.Path("/etc/systemd/system/ferrule-up.socket")
        unit.write_text(UP_SOCKET, encoding="ascii")
        self.addCleanup(unit.unlink)
        self.addCleanup(systemctl, "stop", "ferrule-up.socket", check=False)
        systemctl("daemon-reload")
        self.begin = time.monotonic()

    def say(self, text):
        print(f"\n  {time.monotonic() - self.begin:5.1f} s  {text}", end="", flush=True)

    def all_at_work(self):
        """So many long transfers in progress as there can be, and a while for them to get on."""
        # Accepted and in relay, not only waiting: what their servers have open.
        eventually(lambda: metric("ferrule_sessions_open") >= LONG, "all transfers", 2 * LIMIT)
        time.sleep(2)

    def reloads(self):
        for number in range(1, RELOADS + 1):
            if number % 5 == 0:
                swap_certificates("main", "spare")
            write(under_load(number))
            systemctl("reload", "ferrule")
            if number % 7 == 0:
                write("listeners: nonsense\n")
                refused = systemctl("reload", "ferrule", check=False)
                self.assertNotEqual(refused.returncode, 0)
            time.sleep(0.3)

    def restart(self, how, *arguments):
        """Does what replaces the process while all is at work."""
        old, open_before = main_pid(), metric("ferrule_sessions_open")
        begin = time.monotonic()
        how(*arguments)
        self.assertNotIn(main_pid(), (0, old))
        self.say(f"process {old} → {main_pid()}: {open_before:.0f} sessions drained in "
                 f"{time.monotonic() - begin:.1f} s")

    def upgrade(self):
        """An upgrade by itself ends nothing; the new program runs from a restart on."""
        old = main_pid()
        if (HERE / "ferrule.deb").exists():
            install_package(newer_package())
        else:
            shutil.copy(HERE / "ferrule", "/usr/bin/ferrule.new")
            pathlib.Path("/usr/bin/ferrule.new").replace("/usr/bin/ferrule")
        self.assertEqual(main_pid(), old, "the upgrade has ended the process")
        self.assertFalse(is_same_program(old), "the program has not been replaced")
        systemctl("restart", "ferrule", limit=3 * LIMIT)
        self.assertTrue(is_same_program(main_pid()), "the old program still runs")

    def test_nothing_is_refused_or_broken(self):
        make_certificate("spare")
        write(under_load())
        systemctl("start", "ferrule.socket", "ferrule-up.socket", "ferrule.service")
        mark = journal_mark()
        seen = LastSeen()
        load = Load(LONG, PACE)
        figures = load.figures
        self.all_at_work()
        self.say(f"{metric('ferrule_sessions_open'):.0f} sessions are open")

        figures.phase = "reloads"
        self.reloads()
        self.say(f"{RELOADS} reloads, {metric('ferrule_sessions_open'):.0f} sessions are open")
        for number in range(RESTARTS):
            figures.phase = f"restart {number + 1}"
            self.all_at_work()
            self.restart(systemctl, "restart", "ferrule")
        figures.phase = "upgrade"
        self.all_at_work()
        self.restart(self.upgrade)
        figures.phase = "end"
        self.all_at_work()
        load.stop()
        self.say("all clients are done")
        eventually(lambda: metric("ferrule_sessions_open") == 0, "the last session to be closed")
        time.sleep(1)  # the last scrape
        seen.stop()
        systemctl("stop", "ferrule.socket", "ferrule-up.socket", "ferrule.service")
        self.judge(figures, seen, endings(mark), journal(mark))

    def judge(self, figures, seen, ended, text):
        refused, broken = figures.of_kind(True), figures.of_kind(False)
        causes = collections.Counter((end["cause"], end["outcome"]) for end in ended)
        self.say(f"{figures.succeeded['long']} long transfers and {figures.succeeded['short']} "
                 f"short sessions succeeded, {len(refused)} refused, {len(broken)} broken")
        self.say(f"sessions in the journal: {dict(causes)}")
        self.say(f"in the metrics of {len(seen.texts)} processes: internal "
                 f"{seen.ended(cause='internal'):.0f}, lost {seen.ended(outcome='lost'):.0f}\n")
        self.assertEqual(dict(collections.Counter(figures.failures)), {})
        self.assertEqual(len(ended), sum(figures.succeeded.values()), "sessions of nobody's")
        bad = [end for end in ended if end["cause"] == "internal" or end["outcome"] == "lost"]
        self.assertEqual(bad, [])
        self.assertEqual((seen.ended(cause="internal"), seen.ended(outcome="lost")), (0, 0))
        self.assertEqual(len(seen.texts), RESTARTS + 2)
        self.assertEqual((show("Result"), show("ExecMainStatus")), ("success", "0"))
        self.assertGreater(figures.succeeded["long"], LONG)


def newer_package():
    """The installed package once more, as the next version."""
    folder = pathlib.Path("/run/newer")
    run("dpkg-deb", "--raw-extract", str(HERE / "ferrule.deb"), str(folder))
    control = folder / "DEBIAN" / "control"
    control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1+next", control.read_text()))
    path = pathlib.Path("/run/newer.deb")
    run("dpkg-deb", "--build", "--root-owner-group", "-Znone", str(folder), str(path))
    return path


if __name__ == "__main__":
    unittest.main()
