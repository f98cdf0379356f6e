"""The service's user, capabilities and sandbox, as they are in force."""

import pathlib
import pwd
import re
import unittest

from probe import OPEN_FOLDERS
from service import ServiceCase, drop_in, journal, run, show, systemctl

PROBE = ("/usr/bin/python3", "/opt/ferrule-test/probe.py")
NET_BIND_SERVICE = 1 << 10


class TheSandbox(ServiceCase):
    def process_status(self, pid):
        text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    def test_the_process_has_a_user_of_its_own_and_one_capability(self):
        status = self.process_status(self.start())
        user = pwd.getpwnam("ferrule")
        self.assertEqual(set(status["Uid"].split()), {str(user.pw_uid)})
        self.assertEqual(set(status["Gid"].split()), {str(user.pw_gid)})
        self.assertNotEqual(user.pw_uid, 0)
        for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
            self.assertEqual(int(status[name], 16), NET_BIND_SERVICE, name)
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertEqual(status["Seccomp"], "2")

    def test_a_probe_in_its_place_can_do_what_is_needed_and_no_more(self):
        for folder in (*OPEN_FOLDERS, "/var/tmp/ferrule-probe"):
            pathlib.Path(folder).mkdir(exist_ok=True)
            pathlib.Path(folder).chmod(0o777)
        outside = run("setpriv", "--reuid=ferrule", "--regid=ferrule", "--clear-groups", *PROBE,
                      "user", check=False)
        print("\n  " + outside.stdout.strip())
        self.assertEqual(outside.returncode, 0, "it is not the sandbox that forbids it")
        drop_in(f"[Service]\nType=oneshot\nExecStart=\nExecStart={' '.join(PROBE)} service\n"
                "Restart=no\nWatchdogSec=0\n")
        answer = systemctl("start", "ferrule", check=False)
        said = journal(self.mark, "python3").strip()
        print("  " + said)
        self.assertEqual(answer.returncode, 0, said)
        self.assertEqual(show("Result"), "success")

    def test_the_control_socket_is_for_its_user_only(self):
        self.start()
        mode = pathlib.Path("/run/ferrule/control.sock").stat().st_mode & 0o777
        self.assertEqual(mode, 0o600)
        self.assertEqual(pathlib.Path("/run/ferrule").stat().st_mode & 0o777, 0o750)
        self.assertEqual(run("ferrule", "ctl", "ready").returncode, 0)

    def test_the_exposure_is_low(self):
        self.start()
        answer = run("systemd-analyze", "security", "--no-pager", "--threshold=15", "ferrule.service",
                     check=False)
        print("\n ", re.search(r"Overall exposure.*", answer.stdout)[0])
        self.assertEqual(answer.returncode, 0, answer.stdout)


if __name__ == "__main__":
    unittest.main()
