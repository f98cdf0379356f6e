"""What all tests of the package's life share: one clean system, and a purge that leaves nothing."""

import functools
import shutil
import unittest

from .built import package, repacked
from .chroot import Chroot

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
