#!/usr/bin/env python3
"""The Debian package: contents, lintian, man pages, completion, and its life in a clean chroot.

Needs root, a release build (FERRULE_BUILD_DIR) and the packages of section [deploy].
"""

import sys
import unittest

from debian import built
from debian.completion import Completion
from debian.contents import Control, Files
from debian.life import Life
from debian.pages import Form, Program
from debian.scripts import Scripts

__all__ = ["Completion", "Control", "Files", "Form", "Life", "Program", "Scripts"]

if __name__ == "__main__":
    if problems := built.missing():
        sys.exit("package_test: " + "\npackage_test: ".join(problems))
    unittest.main(verbosity=2)
