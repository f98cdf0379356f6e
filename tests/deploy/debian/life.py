"""The package's life: installed, installed again, upgraded, removed, purged, in a clean system."""

import re
import shutil

from .built import folder, repacked, run
from .installed import LATER, Installed

UNITS = ("ferrule.service", "ferrule.socket")


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
