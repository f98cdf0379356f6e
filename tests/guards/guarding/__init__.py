"""What the guards share: paced loads, counting by strace and valgrind, and the figures."""

import pathlib
import sys

# The drivers of the system tests (`support`) are the guards' as well.
sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "system"))
