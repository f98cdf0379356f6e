"""What the guards share: paced loads, counting by strace and valgrind, and the figures."""

import os
import pathlib
import sys

# The drivers of the system tests (`support`) are the guards' as well.
sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "system"))

# When a test gives up, not how fast something has to be: valgrind is slow.
os.environ.setdefault("FERRULE_TEST_LIMIT", "60")
