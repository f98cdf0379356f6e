"""Ferrule as a service of a booted systemd: what tests/deploy/booted/ checks, run inside of it.

From the environment: FERRULE_BINARY, FERRULE_SOURCE_DIR, and if they are there FERRULE_PACKAGE (a
.deb, which is installed instead of the bare binary), FERRULE_BOOTED (which tests to run, as names of
unittest) and FERRULE_TEST_CACHE (where the tree is kept). Needs root, mmdebstrap and systemd-nspawn.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from machine.tree import CACHE, LATER_SUITE, ROOT, SUITE, libraries_of, tree

HERE = pathlib.Path(__file__).parent
BOOTED = ("service_test", "failure_test", "sandbox_test", "hitless_test")
BOOTED_LATER = ("notify_reload_test", "failure_test", "sandbox_test")
LIMIT_SECONDS = 900

START = """\
#!/bin/sh
cd /opt/ferrule-test
export PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 FERRULE_TEST_LIMIT=150
python3 -W ignore::ResourceWarning -m unittest --verbose {tests} >output 2>&1
code=$?
[ $code = 0 ] || journalctl --boot --no-pager --output=short-monotonic >journal 2>&1
exec systemctl exit $code
"""


def folder_for(tests, package=None):
    """The folder that the machine sees as /opt/ferrule-test."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ferrule-deploy-"))
    folder.chmod(0o755)
    shutil.copytree(HERE / "booted", folder, dirs_exist_ok=True)
    shutil.copytree(ROOT / "tests/system/support", folder / "support")
    shutil.copytree(ROOT / "systemd", folder / "systemd")
    shutil.copy(os.environ["FERRULE_BINARY"], folder / "ferrule")
    if package:
        shutil.copy(package, folder / "ferrule.deb")
    start = folder / "start"
    start.write_text(START.format(tests=" ".join(tests)), encoding="ascii")
    start.chmod(0o755)
    (folder / "output").touch()
    return folder


def follow(path, over):
    """Shows what is written to the file, until there is no more to come."""
    with open(path, encoding="utf-8", errors="replace") as file:
        while True:
            last = over.is_set()
            sys.stderr.write(file.read())
            sys.stderr.flush()
            if last:
                return
            time.sleep(0.2)


def boot(root, folder):
    """The exit code of the machine."""
    over = threading.Event()
    follower = threading.Thread(target=follow, args=(folder / "output", over))
    follower.start()
    try:
        return subprocess.run(
            [HERE / "machine" / "boot.sh", root, folder, str(LIMIT_SECONDS)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=sys.stderr,
            timeout=LIMIT_SECONDS + 30, check=False).returncode
    finally:
        over.set()
        follower.join()


class ABootedMachine(unittest.TestCase):
    def setUp(self):
        for tool in ("mmdebstrap", "systemd-nspawn", "unshare"):
            self.assertTrue(shutil.which(tool), f"{tool} is missing (see [deploy] in packages)")
        self.assertEqual(os.geteuid(), 0, "only root can boot a machine")
        self.assertTrue(os.environ.get("FERRULE_BINARY"), "FERRULE_BINARY is not set")

    def test_runs_ferrule(self):
        chosen = os.environ.get("FERRULE_BOOTED", "").split()
        tests = [name for name in chosen or BOOTED if not name.startswith("notify_reload_test")]
        if tests:
            self.run_in(SUITE, folder_for(tests, os.environ.get("FERRULE_PACKAGE")))

    def test_runs_ferrule_under_a_later_systemd(self):
        chosen = os.environ.get("FERRULE_BOOTED", "").split()
        tests = [name for name in chosen if name.startswith("notify_reload_test")]
        if tests or not chosen:
            folder = folder_for(tests or BOOTED_LATER)
            (folder / "lib").mkdir()
            for library in libraries_of(folder / "ferrule"):
                shutil.copy(library, folder / "lib")
            self.run_in(LATER_SUITE, folder)

    def run_in(self, suite, folder):
        self.addCleanup(shutil.rmtree, folder)
        print(f"\n{suite}:", file=sys.stderr)
        code = boot(tree(suite), folder)
        if code != 0:
            journal, kept = folder / "journal", CACHE / "journal"
            kept.unlink(missing_ok=True)
            if journal.exists():
                shutil.copy(journal, kept)
            self.fail(f"the machine ended with {code}; its journal is in {kept}")


if __name__ == "__main__":
    unittest.main()
