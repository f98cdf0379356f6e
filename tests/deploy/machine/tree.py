"""A Debian tree that can be booted: made once by mmdebstrap, from the sources that this machine's apt
has, and kept for the next run. Booting does not change it.
"""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(os.environ.get("FERRULE_SOURCE_DIR", pathlib.Path(__file__).parents[3]))
CACHE = pathlib.Path(os.environ.get("FERRULE_TEST_CACHE", "/var/tmp/ferrule-deploy"))
SUITE = "bookworm"  # whose packages Ferrule is built from
LATER_SUITE = "trixie"  # for its systemd
# Beside what Ferrule itself needs: an init system, and what the tests in the tree use.
TOOLS = ["systemd", "systemd-sysv", "dbus", "init-system-helpers", "python3", "openssl", "iproute2",
         "procps", "nginx-light"]
# Runs what is in the folder that boot.sh binds, once the machine is up.
UNIT = """\
[Unit]
After=basic.target dbus.socket
[Service]
Type=oneshot
ExecStart=/opt/ferrule-test/start
"""


def runtime_packages():
    """The section [runtime] of the file `packages`."""
    names, section = [], ""
    for line in (ROOT / "packages").read_text(encoding="utf-8").splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("["):
            section = line.strip("[]")
        elif line and section == "runtime":
            names.append(line)
    return names


def debian_sources(suite):
    """Where this machine's apt has Debian from, as lines for mmdebstrap; another release is taken to
    be in the same places."""
    asked = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN) deb $(REPO_URI) $(RELEASE) $(COMPONENT)",
         "Created-By: Packages"], capture_output=True, text=True, check=True, timeout=60)
    lines = {line.partition(" ")[2] for line in asked.stdout.splitlines()
             if line.startswith("Debian ") and f" {SUITE}" in line and line.endswith(" main")}
    if not lines:
        raise AssertionError(f"apt has no sources of Debian {SUITE} here (is `apt-get update` due?)")
    return sorted(line.replace(f" {SUITE}", f" {suite}") for line in lines)


def _make(path, suite, names):
    unfinished = path.with_suffix(".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    made = subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", "--include=" + ",".join(names),
         '--customize-hook=systemctl --quiet --root="$1" mask nginx.service', suite,
         str(unfinished), *debian_sources(suite)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=600, check=False)
    if made.returncode != 0:
        raise AssertionError(f"mmdebstrap failed with {made.returncode}:\n{made.stdout[-4000:]}")
    units = unfinished / "etc/systemd/system"
    (units / "ferrule-test.service").write_text(UNIT, encoding="ascii")
    (units / "multi-user.target.wants" / "ferrule-test.service").symlink_to("../ferrule-test.service")
    unfinished.rename(path)


def tree(suite=SUITE):
    """The folder with the tree; makes it if there is none for today's list of packages. One of a
    later release has none of Ferrule's libraries; see `libraries_of`."""
    names = TOOLS + (runtime_packages() if suite == SUITE else ["libstdc++6", "libssl3t64"])
    key = hashlib.sha256(" ".join([suite, UNIT, *names]).encode()).hexdigest()[:12]
    path = CACHE / f"{suite}-{key}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            _make(path, suite, names)
    return path


def libraries_of(binary):
    """The libraries that another release has in other versions: those of Ferrule's that are neither
    the C and C++ run time nor OpenSSL."""
    listed = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=True,
                            timeout=60).stdout
    return [line.split()[2] for line in listed.splitlines()
            if any(f"lib{name}" in line for name in ("yaml-cpp", "fmt", "spdlog", "prometheus"))]
