#!/usr/bin/env python3
"""When there can be no more threads (RLIMIT_NPROC, a container's limit of processes): nobody who is
there is touched."""

import os
import subprocess
import unittest

from support.backend import echo
from support.case import DaemonCase, simple

# The kernel's limit does not hold for root, who may read the tests' files.
SOMEBODY = () if os.geteuid() != 0 else (
    "setpriv", "--reuid", "54321", "--clear-groups", "--inh-caps", "+dac_override",
    "--ambient-caps", "+dac_override")


class Threads(DaemonCase):
    def test_a_name_that_cannot_be_looked_up_again_ends_nothing(self):
        app = self.backend().serve(echo)
        daemon = self.start(simple(f"localhost:{app.address[1]}"), launcher=SOMEBODY)
        client = self.client(daemon.address("web")).handshake()
        subprocess.run([*SOMEBODY, "prlimit", "--nproc=1:1", "--pid", str(daemon.process.pid)],
                       check=True)
        daemon.message("cannot look names up: cannot start the thread names: "
                       "Resource temporarily unavailable", limit=40)
        client.send(b"ping")
        self.assertEqual(client.read_exactly(4), b"ping")
        # It is tried again.
        daemon.message("cannot look names up", limit=40, after=len(daemon.messages))
        self.assertIsNone(daemon.exit_code)


if __name__ == "__main__":
    unittest.main()
