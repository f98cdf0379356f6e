"""The units and the list of users, as systemd's own checkers see them; no boot is needed."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(os.environ.get("FERRULE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
UNITS = ROOT / "systemd"
# systemd-analyze counts in tenths.
MOST_EXPOSURE = 15
# What the exposure still has points for. docs/operations.md has the reason for each.
KNOWN_POINTS = {
    "RootDirectory=/RootImage=", "AmbientCapabilities=", "RestrictAddressFamilies=~AF_UNIX",
    "RestrictAddressFamilies=~AF_(INET|INET6)", "ProcSubset=", "PrivateNetwork=", "PrivateUsers=",
    "CapabilityBoundingSet=~CAP_NET_(BIND_SERVICE|BROADCAST|RAW)", "DeviceAllow=", "IPAddressDeny="}


def run(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60, check=False)


class TheUnits(unittest.TestCase):
    def setUp(self):
        for tool in ("systemd-analyze", "systemd-sysusers"):
            self.assertTrue(shutil.which(tool), f"{tool} is missing")
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="ferrule-units-"))
        self.addCleanup(shutil.rmtree, self.root)
        # Only what is looked up: the program, and the targets that units are ordered by.
        (self.root / "usr/bin").mkdir(parents=True)
        shutil.copy("/bin/true", self.root / "usr/bin/ferrule")
        self.units = self.root / "usr/lib/systemd/system"
        self.units.mkdir(parents=True)
        for name in ("ferrule.service", "ferrule.socket"):
            shutil.copy(UNITS / name, self.units)
        for name in ("sysinit", "basic", "shutdown", "sockets", "network-online", "multi-user",
                     "nss-lookup", "system", "-"):
            kind = "slice" if name in ("system", "-") else "target"
            (self.units / f"{name}.{kind}").write_text("[Unit]\nDescription=stub\n")

    def verify(self, *names):
        """Everything that systemd says against these units."""
        return run("systemd-analyze", "verify", "--man=no", f"--root={self.root}", *names)

    def test_are_understood(self):
        answer = self.verify("ferrule.service", "ferrule.socket")
        self.assertEqual((answer.returncode, answer.stdout), (0, ""))

    def test_are_looked_at_by_the_checker(self):
        unit = self.units / "ferrule.service"
        unit.write_text(unit.read_text().replace("[Service]", "[Service]\nNoNewPrivilege=yes"))
        self.assertIn("NoNewPrivilege", self.verify("ferrule.service").stdout)

    def test_drop_ins_are_understood(self):
        folder = self.units / "ferrule.service.d"
        folder.mkdir()
        shutil.copy(UNITS / "credentials.conf", folder)
        answer = self.verify("ferrule.service")
        self.assertEqual((answer.returncode, answer.stdout), (0, ""))

    def test_notify_reload_is_for_a_systemd_that_knows_it(self):
        folder = self.units / "ferrule.service.d"
        folder.mkdir()
        shutil.copy(UNITS / "notify-reload.conf", folder)
        version = int(re.match(r"systemd (\d+)", run("systemd-analyze", "--version").stdout)[1])
        answer = self.verify("ferrule.service")
        if version >= 253:
            self.assertEqual((answer.returncode, answer.stdout), (0, ""))
        else:
            self.assertIn("notify-reload", answer.stdout)

    def test_leave_little_exposed(self):
        command = ["systemd-analyze", "security", "--no-pager", "--offline=true",
                   f"--root={self.root}", f"--threshold={MOST_EXPOSURE}"]
        answer = run(*command, "ferrule.service")
        print("\n ", re.search(r"Overall exposure.*", answer.stdout)[0])
        self.assertEqual(answer.returncode, 0, answer.stdout)
        points = json.loads(run(*command, "--json=short", "ferrule.service").stdout)
        left = {point["name"] for point in points if float(point["exposure"] or 0) > 0}
        self.assertLessEqual(left, KNOWN_POINTS)

    def test_name_a_user_that_sysusers_makes(self):
        folder = self.root / "usr/lib/sysusers.d"
        folder.mkdir()
        shutil.copy(UNITS / "ferrule.sysusers", folder / "ferrule.conf")
        (self.root / "etc").mkdir()
        answer = run("systemd-sysusers", f"--root={self.root}")
        self.assertEqual(answer.returncode, 0, answer.stdout)
        users = (self.root / "etc/passwd").read_text(encoding="ascii")
        self.assertRegex(users, r"(?m)^ferrule:[^:]*:\d+:\d+:[^:]*:/nonexistent:/usr/sbin/nologin$")
        self.assertRegex((self.root / "etc/group").read_text(encoding="ascii"), "(?m)^ferrule:")
        service = (UNITS / "ferrule.service").read_text(encoding="utf-8")
        self.assertIn("\nUser=ferrule\nGroup=ferrule\n", service)

    def test_and_the_image_set_the_same_environment(self):
        service = (UNITS / "ferrule.service").read_text(encoding="utf-8")
        image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
        environment = re.findall(r"(?m)^Environment=(.*)$", service)
        self.assertTrue(environment)
        self.assertEqual(re.findall(r"(?m)^ENV (.*)$", image), environment)


if __name__ == "__main__":
    unittest.main()
