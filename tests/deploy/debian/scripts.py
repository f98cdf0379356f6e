"""What the maintainer scripts tell a systemd that runs, in every call that Debian Policy knows."""

import re

from .installed import LATER, Installed

# Stands before systemctl in the path: notes what it is told, and answers what a test wants.
RECORDER = """#!/bin/sh
echo "$*" >>/run/recorder/calls
case "$*" in
    *is-active*) [ -e /run/recorder/active ] ;;
    *is-enabled*) [ -e /run/recorder/active ] && echo enabled ;;
    *) exit "$(cat /run/recorder/result 2>/dev/null || echo 0)" ;;
esac
"""


class Scripts(Installed):
    """What the scripts tell a running systemd (tests/deploy/systemd_test.py has a real one)."""

    def setUp(self):
        self.system.write("/run/systemd/system/.here", "")
        self.system.write("/run/recorder/calls", "")
        self.system.write("/usr/local/bin/systemctl", RECORDER, 0o755)

    def runs(self, really=True):
        """The service is enabled and runs, or not."""
        if really:
            self.system.write("/run/recorder/active", "")
        else:
            self.system.path("/run/recorder/active").unlink(missing_ok=True)

    def told(self):
        """The orders since the last time: what asks, and reloads of the manager, left out."""
        path = self.system.path("/run/recorder/calls")
        lines = [line for line in path.read_text().splitlines()
                 if not re.search("is-active|is-enabled|daemon-reload", line)]
        path.write_text("")
        return lines

    def test_a_first_installation_starts_nothing(self):
        self.install(self.deb)
        self.assertIn("--system daemon-reload", self.system.path("/run/recorder/calls").read_text())
        self.assertEqual(self.told(), [])

    def test_an_upgrade_neither_stops_nor_restarts_and_says_so(self):
        self.install(self.deb)
        self.runs()
        output = self.install(self.later)
        self.assertEqual(self.told(), [])
        self.assertIn("goes on as version", output)
        self.assertIn("systemctl restart ferrule", output)

    def test_an_upgrade_is_silent_if_nothing_runs(self):
        self.install(self.deb)
        output = self.install(self.later)
        self.assertEqual(self.told(), [])
        self.assertNotIn("goes on", output)

    def test_an_upgrade_restarts_if_it_is_asked_to_and_does_not_wait(self):
        self.install(self.deb)
        self.runs()
        for line in ("ON_UPGRADE=restart", 'ON_UPGRADE="restart"'):
            self.system.write("/etc/default/ferrule", f"ON_UPGRADE=keep\n{line}\n")
            output = self.install(self.later)
            self.assertEqual(self.told(), ["--no-block try-restart ferrule.service"])
            self.assertIn("restarting", output)

    def test_a_slip_in_the_defaults_breaks_no_upgrade(self):
        self.install(self.deb)
        self.runs()
        self.system.write("/etc/default/ferrule", "ON_UPGRADE=(\nexit 3\n")
        self.install(self.later)
        self.assertEqual(self.told(), [])

    def test_the_policy_of_the_machine_forbids_a_restart(self):
        self.install(self.deb)
        self.runs()
        self.system.write("/etc/default/ferrule", "ON_UPGRADE=restart\n")
        self.system.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
        self.install(self.later)
        self.assertEqual(self.told(), [])

    def test_a_removal_stops_both_units_at_once(self):
        self.install(self.deb)
        self.runs()
        self.system("dpkg", "--remove", "ferrule")
        self.assertEqual(self.told(), ["stop ferrule.socket ferrule.service"])

    def test_what_a_removal_stopped_starts_again_when_it_is_back(self):
        self.install(self.deb)
        self.runs()
        self.system("dpkg", "--remove", "ferrule")
        self.runs(False)
        self.told()
        self.system.write("/run/recorder/active", "")
        self.install(self.deb)
        self.assertEqual(self.told(), ["--quiet --system start ferrule.socket",
                                       "--quiet --system start ferrule.service"])

    def test_a_service_that_does_not_start_breaks_no_installation(self):
        self.install(self.deb)
        self.system("dpkg", "--remove", "ferrule")
        self.runs()
        self.system.write("/run/recorder/result", "1")
        self.install(self.deb)
        self.assertRegex(self.status(), "^ii ")

    def test_every_call_that_policy_knows_succeeds_twice(self):
        self.install(self.deb)
        calls = [("postinst", "abort-upgrade", LATER), ("postinst", "abort-remove"),
                 ("postinst", "abort-remove", "in-favour", "other", "1"),
                 ("postinst", "abort-deconfigure", "in-favour", "other", "1"),
                 ("prerm", "upgrade", LATER), ("prerm", "failed-upgrade", "0.0-1"),
                 ("prerm", "deconfigure", "in-favour", "other", "1"),
                 ("prerm", "remove", "in-favour", "other", "1"),
                 ("postrm", "upgrade", LATER), ("postrm", "failed-upgrade", "0.0-1"),
                 ("postrm", "abort-install"), ("postrm", "abort-install", "0.0-1"),
                 ("postrm", "abort-upgrade", "0.0-1"), ("postrm", "disappear", "other", "1"),
                 ("postinst", "configure", "0.0-1")]
        for script, *arguments in calls:
            with self.subTest(script=script, arguments=arguments):
                for _ in range(2):
                    self.call(script, *arguments)

    def call(self, script, *arguments):
        self.system("env", "DPKG_MAINTSCRIPT_PACKAGE=ferrule", f"DPKG_MAINTSCRIPT_NAME={script}",
                    f"/var/lib/dpkg/info/ferrule.{script}", *arguments)

    def test_a_failed_removal_starts_what_is_enabled(self):
        self.install(self.deb)
        self.runs()
        self.call("prerm", "remove")
        self.call("postinst", "abort-remove")
        self.assertEqual(self.told(), ["stop ferrule.socket ferrule.service",
                                       "--quiet --system start ferrule.socket",
                                       "--quiet --system start ferrule.service"])
