"""The daemon in valgrind, asked for what it has counted so far (vgdb)."""

import collections
import os
import pathlib
import re
import shutil
import subprocess

from support.places import BINARY, fresh

OURS = os.path.basename(BINARY)

# What code runs depends on what the CPU can do. To count the same on every machine, libcrypto is
# told of no more than what every x86-64 server has (AES-NI and PCLMULQDQ; no AVX, BMI, ADX or SHA),
# and so is the C library.
PLAIN_CPU = {
    "OPENSSL_ia32cap": "~0x1000000000000000:~0xffffffffffffffff",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-AVX512F,-AVX512VL,"
                      "-AVX512BW,-ERMS,-FSRM,-BMI1,-BMI2",
}


class Valgrind:
    """`launcher` and `environment` are for a Daemon."""

    environment = PLAIN_CPU

    def __init__(self, *options):
        if shutil.which("valgrind") is None:
            raise AssertionError("valgrind is not installed (`packages`, section [test])")
        self.prefix = fresh("vgdb")
        self.launcher = ["valgrind", "--quiet", f"--vgdb-prefix={self.prefix}", *options]

    def ask(self, daemon, *command):
        done = subprocess.run(
            ["vgdb", f"--pid={daemon.process.pid}", f"--vgdb-prefix={self.prefix}", *command],
            check=False, timeout=60, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"vgdb {' '.join(command)}: {done.stdout}{done.stderr}")


class Instructions:
    """Of one thread and stretch. `by_object` and `by_function` have the instructions, each
    function's own; `calls` how often a function was called, by its name."""

    _name = re.compile(r"^(c?)(ob|fn|fi|fe|fl)=\((\d+)\)(?: (.*))?$")

    def __init__(self, text):
        self.by_object = collections.Counter()
        self.by_function = collections.Counter()
        self.calls = collections.Counter()
        names = {"ob": {}, "fn": {}}
        current = {}
        of_call = False  # the line behind `calls=` has what the call cost
        for line in text.splitlines():
            match = self._name.match(line)
            if match and match[2] in names:
                called, kind, number, name = match.groups()
                if name is not None:
                    names[kind][number] = name
                current[called + kind] = names[kind][number]
            elif line.startswith("calls="):
                self.calls[current["cfn"]] += int(line[6:].split()[0])
                of_call = True
            elif line and line[0] in "0123456789+-*":
                if not of_call:
                    cost = int(line.split()[-1])
                    place = os.path.basename(current["ob"])
                    self.by_object[place] += cost
                    self.by_function[place, current["fn"]] += cost
                of_call = False


class Callgrind(Valgrind):
    def __init__(self):
        self._path = fresh("callgrind")
        super().__init__("--tool=callgrind", "--separate-threads=yes",
                         f"--callgrind-out-file={self._path}")

    def during(self, daemon, load):
        """What the worker's thread executes while `load()` runs: the thread that encrypts."""
        self.ask(daemon, "zero")
        load()
        self.ask(daemon, "dump")
        threads = []
        for path in self._path.parent.glob(self._path.name + ".*"):
            threads.append(Instructions(path.read_text()))
            path.unlink()
        return max(threads, key=lambda each: each.by_object["libssl.so.3"])


class Heap:
    """What is allocated, in bytes as they were asked for: `ours` by the function that asked for it,
    `libraries` the rest by its file. The standard library's containers are code of ours."""

    _node = re.compile(r"^ n\d+: (\d+) 0x[0-9A-F]+: (.*) \((?:in )?(.*)\)$")

    def __init__(self, text):
        self.ours = collections.Counter()
        self.libraries = collections.Counter()
        for line in text.splitlines():
            match = self._node.match(line)
            if match:
                place = os.path.basename(match[3])
                if place == OURS:
                    self.ours[match[2]] += int(match[1])
                else:
                    self.libraries[place] += int(match[1])


class Massif(Valgrind):
    def __init__(self):
        super().__init__("--tool=massif", "--depth=1", "--threshold=0",
                         f"--massif-out-file={fresh('massif')}")

    def heap(self, daemon):
        path = fresh("snapshot")
        self.ask(daemon, "detailed_snapshot", str(path))
        return Heap(pathlib.Path(path).read_text())
