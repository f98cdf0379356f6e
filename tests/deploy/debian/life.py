"""The package's life: installed, installed again, upgraded, removed, purged, in a clean system."""

import functools
import re
import shutil
import unittest

from .built import folder, package, repacked, run
from .chroot import Chroot

UNITS = ("ferrule.service", "ferrule.socket")
LATER = "99.0-1"


@functools.lru_cache(maxsize=None)
def clean_system():
    """One system for all tests (its making takes longer than they do): each leaves it as it was."""
    return Chroot()


@functools.lru_cache(maxsize=None)
def what_was_there():
    return clean_system().listing()


@functools.lru_cache(maxsize=None)
def later_package():
    return repacked(LATER)


class Installed(unittest.TestCase):
    """A test that ends with a purge, which must leave nothing."""

    @classmethod
    def setUpClass(cls):
        cls.system = clean_system()
        cls.before = what_was_there()
        cls.deb = cls.system.give(package())
        cls.later = cls.system.give(later_package())

    def tearDown(self):
        shutil.rmtree(self.system.path("/etc/ferrule/tls"), ignore_errors=True)
        for name in ("/run/systemd", "/run/recorder"):
            shutil.rmtree(self.system.path(name), ignore_errors=True)
        for name in ("/usr/local/bin/systemctl", "/usr/sbin/policy-rc.d"):
            self.system.path(name).unlink(missing_ok=True)
        self.purge()
        self.compare()

    def install(self, deb, *options):
        return self.system("dpkg", "--install", *options, deb)

    def purge(self):
        return self.system("dpkg", "--purge", "ferrule")

    def compare(self, *expected):
        """What is there and was not before, or is not what it was, must be these paths."""
        after = self.system.listing()
        changed = {path for path in self.before.keys() | after.keys()
                   if self.before.get(path) != after.get(path)}
        self.assertEqual(sorted(changed), sorted(expected))

    def status(self):
        return self.system("dpkg-query", "--show", "--showformat", "${db:Status-Abbrev}${Version}",
                           "ferrule")


class Life(Installed):
    def test_apt_installs_it_with_what_it_depends_on(self):
        output = self.system("apt-get", "-qq", "install", "--yes", "--no-install-recommends",
                             self.deb)
        self.assertNotRegex(output, r"(?i)warning|error|not found|cannot")
        self.assertRegex(self.status(), r"^ii ")
        self.assertRegex(self.system("ferrule", "version"), r"^ferrule \d")
        self.assertEqual(self.system("dpkg", "--verify", "ferrule"), "")

    def test_user_owners_and_modes(self):
        self.install(self.deb)
        user = self.system("getent", "passwd", "ferrule").split(":")
        self.assertLess(int(user[2]), 1000)
        self.assertEqual(user[5:], ["/nonexistent", "/usr/sbin/nologin\n"])
        self.assertEqual(self.system.mode("/etc/ferrule"), "drwxr-xr-x root:root")
        self.assertEqual(self.system.mode("/etc/ferrule/ferrule.yaml"), "-rw-r----- root:ferrule")
        self.assertEqual(self.system.mode("/etc/ferrule/tls"), "drwxr-x--- root:ferrule")

    def test_nothing_is_enabled_and_what_was_enabled_comes_back(self):
        self.install(self.deb)
        for unit in UNITS:
            self.assertEqual(self.system("systemctl", "is-enabled", unit, expect=1), "disabled\n")
        self.system("systemctl", "enable", *UNITS)
        self.install(self.later)
        self.assertEqual(self.system("systemctl", "is-enabled", *UNITS), "enabled\nenabled\n")
        self.system("dpkg", "--remove", "ferrule")
        self.install(self.deb)
        self.assertEqual(self.system("systemctl", "is-enabled", *UNITS), "enabled\nenabled\n")
        self.system("systemctl", "disable", *UNITS)
        self.install(self.later)
        self.assertEqual(self.system("systemctl", "is-enabled", *UNITS, expect=1),
                         "disabled\ndisabled\n")

    def test_a_unit_that_the_administrator_masked_stays_so(self):
        self.install(self.deb)
        self.system("systemctl", "mask", "ferrule.service")
        self.install(self.later)
        self.assertEqual(self.system("systemctl", "is-enabled", "ferrule.service", expect=1),
                         "masked\n")
        self.system("systemctl", "unmask", "ferrule.service")

    def test_the_shipped_files_are_good_once_there_are_certificates(self):
        self.install(self.deb)
        as_service = ("setpriv", "--reuid=ferrule", "--regid=ferrule", "--clear-groups")
        files = ["/etc/ferrule/ferrule.yaml"]
        examples = self.system.path("/usr/share/doc/ferrule/examples")
        files += [f"/usr/share/doc/ferrule/examples/{path.name}" for path in examples.glob("*.yaml")]
        self.assertGreater(len(files), 5)
        output = self.system(*as_service, "ferrule", "check", files[0], expect=2)
        self.assertEqual(re.findall(r"error: .*?tls\.(\w+):", output), ["certificate", "key"])
        names = {name for file in files for name in re.findall(
            r"/etc/ferrule/tls/(\S+)\.pem", self.system.path(file).read_text())}
        for name in names:
            self.certificate(name)
        for file in files:
            with self.subTest(file=file):
                self.assertIn(f"{file}: fine\n",
                              self.system(*as_service, "ferrule", "check", file))

    def certificate(self, name):
        """As README.Debian says: readable by root and by the group."""
        certificate, key = folder() / "some.pem", folder() / "some.key"
        if not key.exists():
            run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-nodes", "-days", "90", "-subj", "/CN=localhost",
                "-keyout", key, "-out", certificate)
        for source, ending in ((certificate, "pem"), (key, "key")):
            inside = self.system.give(source)
            self.system("install", "-m", "0640", "-o", "root", "-g", "ferrule", inside,
                        f"/etc/ferrule/tls/{name}.{ending}")

    def test_installed_again_it_is_the_same(self):
        self.install(self.deb)
        first = self.system.listing()
        self.install(self.deb)
        self.assertEqual(self.system.listing(), first)
        self.system("dpkg", "--remove", "ferrule")
        self.install(self.deb)
        self.assertEqual(self.system.listing(), first)

    def test_an_upgrade_keeps_the_administrators_file_and_its_mode(self):
        self.install(self.deb)
        edited = self.system.path("/etc/ferrule/ferrule.yaml")
        edited.write_text("# mine\n")
        edited.chmod(0o600)
        output = self.install(self.later)
        self.assertNotIn("Configuration file", output)  # nothing to ask about
        self.assertEqual(self.status(), f"ii {LATER}")
        self.assertEqual(edited.read_text(), "# mine\n")
        self.assertEqual(self.system.mode("/etc/ferrule/ferrule.yaml"), "-rw------- root:ferrule")

    def test_a_new_example_from_the_package_keeps_the_mode_too(self):
        newer = self.system.give(repacked("99.1-1", {"etc/ferrule/ferrule.yaml": "# new\n"}))
        self.install(self.deb)
        self.install(newer)
        self.assertEqual(self.system.path("/etc/ferrule/ferrule.yaml").read_text(), "# new\n")
        self.assertEqual(self.system.mode("/etc/ferrule/ferrule.yaml"), "-rw-r----- root:ferrule")

    def test_a_removal_keeps_the_configuration_and_a_purge_keeps_keys(self):
        self.install(self.deb)
        self.system.write("/etc/ferrule/tls/web.key", "a key\n", 0o600)
        self.system("dpkg", "--remove", "ferrule")
        self.assertRegex(self.status(), "^rc ")
        self.assertTrue(self.system.path("/etc/ferrule/ferrule.yaml").exists())
        self.purge()
        self.compare("/etc/ferrule", "/etc/ferrule/tls", "/etc/ferrule/tls/web.key")
        self.assertIn("ferrule", self.system("getent", "passwd", "ferrule"))
        shutil.rmtree(self.system.path("/etc/ferrule"))

    def test_an_owner_that_was_set_by_statoverride_is_kept(self):
        self.system("dpkg-statoverride", "--add", "root", "root", "0644",
                    "/etc/ferrule/ferrule.yaml")
        self.install(self.deb)
        self.assertEqual(self.system.mode("/etc/ferrule/ferrule.yaml"), "-rw-r--r-- root:root")
        self.system("dpkg-statoverride", "--remove", "/etc/ferrule/ferrule.yaml")


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


