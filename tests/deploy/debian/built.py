"""The package under test: made once, by CPack, from a release build folder that is there already."""

import atexit
import functools
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

SOURCE = pathlib.Path(os.environ.get(
    "FERRULE_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[3])).resolve()
BUILD = pathlib.Path(os.environ.get(
    "FERRULE_BUILD_DIR", SOURCE / "build" / "release")).resolve()

LIMIT = 300  # seconds for any one command: far above what it takes, so that none hangs for ever

# Tool -> the package in section [deploy] of `packages` that has it.
TOOLS = {
    "cpack": "cmake", "dpkg-shlibdeps": "dpkg-dev", "file": "file", "lintian": "lintian",
    "man": "man-db", "mandoc": "mandoc", "mmdebstrap": "mmdebstrap", "openssl": "openssl",
    "/usr/share/bash-completion/bash_completion": "bash-completion",
}


def missing():
    """What these tests need and do not find, as sentences."""
    found = [f"{tool} is missing: install {package}" for tool, package in TOOLS.items()
             if not (shutil.which(tool) or pathlib.Path(tool).is_file())]
    if os.geteuid() != 0:
        found.append("root is needed, for a chroot of its own")
    if not (BUILD / "CPackConfig.cmake").is_file() or not (BUILD / "ferrule").is_file():
        found.append(f"FERRULE_BUILD_DIR has no release build: {BUILD}")
    return found


def run(*command, expect=0, **options):
    """Standard output and error of a command that must end with `expect`."""
    options.setdefault("stdin", subprocess.DEVNULL)
    ran = subprocess.run([str(each) for each in command], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=LIMIT, **options)
    if ran.returncode != expect:
        raise AssertionError(f"{' '.join(map(str, command))}\nended with {ran.returncode}, not "
                             f"{expect}:\n{ran.stdout}")
    return ran.stdout


@functools.lru_cache(maxsize=None)
def folder():
    """A temporary folder for this run."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="ferrule-package-"))
    path.chmod(0o755)  # apt's and lintian's own users look into it
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def build(name):
    """A package built below this folder, with a umask that must not show in it."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    output = run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder() / name,
                 umask=0o077, env=environment)
    return pathlib.Path(re.search(r"package: (\S+\.deb) generated", output).group(1))


@functools.lru_cache(maxsize=None)
def package():
    """The package under test, as ./package builds it."""
    return build("first")


def fields():
    """The control fields, by name."""
    text = run("dpkg-deb", "--field", package())
    return dict(re.findall(r"(?m)^(\S+): (.*)$", text))


@functools.lru_cache(maxsize=None)
def unpacked():
    """The package's files below a folder, with the control files in DEBIAN."""
    path = folder() / "unpacked"
    run("dpkg-deb", "--raw-extract", package(), path)
    return path


def repacked(version, edits=None):
    """The same package with another version, and some files with other texts (path: text)."""
    path = folder() / f"repacked-{version}"
    shutil.copytree(unpacked(), path, symlinks=True)
    control = path / "DEBIAN" / "control"
    control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {version}", control.read_text()))
    for name, text in (edits or {}).items():
        (path / name).write_text(text)
    result = folder() / f"ferrule_{version}.deb"
    run("dpkg-deb", "--root-owner-group", "--build", path, result)
    return result
