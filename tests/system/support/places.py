"""Where things are: the binary under test, and a folder for everything that a test writes."""

import atexit
import functools
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading

SOURCE = pathlib.Path(os.environ.get(
    "FERRULE_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[3]))
BINARY = os.environ.get("FERRULE_BINARY", str(SOURCE / "build" / "release" / "ferrule"))


@functools.lru_cache(maxsize=None)
def folder():
    """One temporary folder for each test process, gone with it."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="ferrule-test-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


_unique = iter(range(1_000_000))


def fresh(name):
    """A new path in the temporary folder; short enough for a Unix socket."""
    return folder() / f"{next(_unique)}-{name}"


_making = threading.Lock()


def certificate(common_name="localhost", curve="prime256v1"):
    """Paths of a self-signed certificate and its key, made once for each name."""
    with _making:
        return _certificate(common_name, curve)


@functools.lru_cache(maxsize=None)
def _certificate(common_name, curve):
    certificate_path = folder() / f"{common_name}.cert.pem"
    key_path = folder() / f"{common_name}.key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{curve}",
         "-nodes", "-days", "90", "-subj", f"/CN={common_name}",
         "-addext", f"subjectAltName=DNS:{common_name},DNS:localhost,IP:127.0.0.1,IP:::1",
         "-keyout", str(key_path), "-out", str(certificate_path)],
        check=True, capture_output=True, timeout=60)
    return str(certificate_path), str(key_path)


@functools.lru_cache(maxsize=None)
def is_sanitized():
    """True for a sanitizer build: its memory use says nothing about the release."""
    return any(has_symbol(name) for name in (b"__asan_init", b"__tsan_init", b"__msan_init"))


@functools.lru_cache(maxsize=None)
def has_symbol(name):
    """True if the binary under test names this function."""
    return name in pathlib.Path(BINARY).read_bytes()
