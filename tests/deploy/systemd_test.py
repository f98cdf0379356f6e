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

from machine.tree import CACHE, ROOT, tree

HERE = pathlib.Path(__file__).parent
BOOTED = ("service_test", "failure_test", "sandbox_test", "hitless_test")
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


def folder_for(tests):
    """The folder that the machine sees as /opt/ferrule-test."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ferrule-deploy-"))
    folder.chmod(0o755)
    shutil.copytree(HERE / "booted", folder, dirs_exist_ok=True)
    shutil.copytree(ROOT / "tests/system/support", folder / "support")
    shutil.copytree(ROOT / "systemd", folder / "systemd")
    shutil.copy(os.environ["FERRULE_BINARY"], folder / "ferrule")
    if package := os.environ.get("FERRULE_PACKAGE"):
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
        tests = os.environ.get("FERRULE_BOOTED", "").split() or BOOTED
        folder = folder_for(tests)
        self.addCleanup(shutil.rmtree, folder)
        code = boot(tree(), folder)
        if code != 0:
            journal, kept = folder / "journal", CACHE / "journal"
            kept.unlink(missing_ok=True)
            if journal.exists():
                shutil.copy(journal, kept)
            self.fail(f"the machine ended with {code}; its journal is in {kept}")


if __name__ == "__main__":
    unittest.main()
