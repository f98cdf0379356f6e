"""Images and containers for the deployment tests: buildah, podman and runc as root, with a store of
their own, no daemon and no registry.

    FERRULE_CONTAINER_STORE   a folder to keep images and layers in from run to run; without it,
                              all is made anew and removed at the end
    FERRULE_IMAGE             an image in that store to test, in place of one that is built
    FERRULE_JOBS              how many compilations at a time; one for each CPU without it
    FERRULE_BUILD_LIMIT       when to give up on a build, in seconds
"""

import atexit
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from support.waiting import LIMIT, eventually

TOOLS = ("buildah", "podman", "runc", "conmon", "mmdebstrap", "nginx", "curl", "ip")
BASE = "localhost/debian:bookworm-slim"
BUILD_LIMIT = float(os.environ.get("FERRULE_BUILD_LIMIT", "1800"))

# What every service of docker/compose.yaml and every pod is run with, and limits that need no right
# to raise limits.
HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
            "--pids-limit", "64", "--memory", "128m")
LIMITS = ("--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096")


def check_tools():
    """Fails at once, and says what is missing."""
    absent = [tool for tool in TOOLS if not shutil.which(tool)]
    assert not absent, f"not installed: {', '.join(absent)} ([deploy] in the file `packages`)"
    assert os.geteuid() == 0, "must be root, to build and run containers"


def enter_private_network():
    """From here on, this process and what it starts have a loopback of their own, so that the
    image's own ports are free, and nothing else is reachable."""
    clone_newnet = 0x40000000
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(clone_newnet) != 0:
        raise OSError(ctypes.get_errno(), "unshare: no network namespace of our own")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=LIMIT)


def bookworm_sources():
    """The files of this machine's apt sources that name bookworm: whatever mirror they name is the
    one that the tests use."""
    folder = pathlib.Path("/etc/apt")
    suite = re.compile(r"(?m)^(?!\s*#).*(?<![\w-])bookworm(-updates|-security)?(?![\w-])")
    candidates = [folder / "sources.list", *sorted(folder.glob("sources.list.d/*.list")),
                  *sorted(folder.glob("sources.list.d/*.sources"))]
    found = [str(path) for path in candidates if path.exists() and suite.search(path.read_text())]
    assert found, f"no apt sources for bookworm below {folder}"
    return found


class Store:
    """Images and containers, in one folder; no file of the system is touched."""

    def __init__(self):
        kept = os.environ.get("FERRULE_CONTAINER_STORE")
        self.kept = bool(kept)
        # Not below a tmpfs: an overlay on an overlay is refused, and layers are large.
        self.folder = pathlib.Path(kept or tempfile.mkdtemp(prefix="ferrule-ct-", dir="/var/tmp"))
        self.folder.mkdir(parents=True, exist_ok=True)
        storage, engine = self.folder / "storage.conf", self.folder / "containers.conf"
        storage.write_text(f'[storage]\ndriver = "overlay"\ngraphroot = "{self.folder}/store"\n'
                           f'runroot = "{self.folder}/run"\n')
        engine.write_text('[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
                          'runtime = "runc"\n[containers]\nlog_driver = "k8s-file"\n')
        self.environment = {
            **os.environ, "CONTAINERS_STORAGE_CONF": str(storage), "CONTAINERS_CONF": str(engine),
            "TMPDIR": str(self.folder)}
        self.containers = []
        # Also when the test is told to stop, in the middle of a build.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
        atexit.register(self.close)

    def command(self, *arguments, check=True, limit=None):
        """Runs a tool on the store; what it says is in the failure. If it is given up on, then with
        all that it has started: a compilation in a build knows nothing of us."""
        words = [str(word) for word in arguments]
        process = subprocess.Popen(
            words, env=self.environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        try:
            out, err = process.communicate(timeout=limit or 6 * LIMIT)
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.communicate(timeout=LIMIT)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
            raise
        if check and process.returncode != 0:
            raise AssertionError(f"{' '.join(words)}: exit code {process.returncode}\n"
                                 f"{out[-4000:]}\n{err[-4000:]}")
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def podman(self, *arguments, **options):
        return self.command("podman", *arguments, **options)

    def inspect(self, name):
        return json.loads(self.podman("inspect", name).stdout)[0]

    def make_base(self):
        """debian:bookworm-slim, made of the same packages and without what the slim image leaves
        out, since there is no registry to get it from."""
        if self.podman("image", "exists", BASE, check=False).returncode == 0:
            return
        tar = self.folder / "base.tar"
        left_out = [f"--dpkgopt=path-exclude=/usr/share/{name}/*"
                    for name in ("doc", "groff", "info", "lintian", "locale", "man")]
        self.command(
            "mmdebstrap", "--quiet", "--variant=minbase", "--include=usr-is-merged",
            "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr", *left_out,
            "--dpkgopt=path-include=/usr/share/doc/*/copyright",
            "bookworm", tar, *bookworm_sources(), limit=BUILD_LIMIT)
        self.podman("import", "--quiet", tar, BASE, limit=BUILD_LIMIT)
        tar.unlink()

    def build(self, name, context, **arguments):
        """Builds CONTEXT/Dockerfile as localhost/NAME; returns what the build said."""
        self.make_base()
        begin = time.monotonic()
        # The network and resolver are the machine's; layers are kept only if somebody comes back.
        words = [f"--build-arg={key}={value}" for key, value in arguments.items()]
        done = self.command(
            "buildah", "bud", "--format", "docker", "--isolation", "chroot", "--pull-never",
            f"--layers={'true' if self.kept else 'false'}", *words, "-t", f"localhost/{name}",
            context, limit=BUILD_LIMIT)
        print(f"built {name} in {time.monotonic() - begin:.0f} s", flush=True)
        return done.stdout + done.stderr

    def size(self, name):
        """Bytes of all layers."""
        return int(self.inspect(name)["Size"])

    def run(self, image, *command, options=(), hardened=True):
        """A container in the background; see Container."""
        container = Container(self, image, command, (*(HARDENED if hardened else ()), *options))
        self.containers.append(container)
        return container

    def run_once(self, image, *command, options=()):
        """A hardened container that must end by itself, well."""
        return self.podman("run", "--rm", "--network", "none", *HARDENED, *LIMITS, *options, image,
                           *command)

    def close(self):
        atexit.unregister(self.close)
        for container in self.containers:
            container.remove()
        self.podman("volume", "prune", "--force", check=False)
        if not self.kept:
            self.command("buildah", "rm", "--all", check=False)
            self.podman("rmi", "--all", "--force", check=False, limit=300)
            subprocess.run(["umount", "--lazy", str(self.folder / "store" / "overlay")],
                           capture_output=True, check=False, timeout=LIMIT)
            shutil.rmtree(self.folder, ignore_errors=True)


class Container:
    """A container on this process's own network."""

    def __init__(self, store, image, command, options):
        self.store = store
        self.id = store.podman("run", "--detach", "--network", "host", *LIMITS, *options, image,
                               *command).stdout.strip()

    def state(self):
        return self.store.inspect(self.id)["State"]

    def status(self):
        """/proc/PID/status of its first process, as a dictionary."""
        pid = self.state()["Pid"]
        text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        return {name: value.strip() for name, _, value in
                (line.partition(":") for line in text.splitlines())}

    def mounts(self):
        """{where: set of options} as its first process sees them."""
        pid = self.state()["Pid"]
        lines = pathlib.Path(f"/proc/{pid}/mounts").read_text(encoding="utf-8").splitlines()
        return {line.split()[1]: set(line.split()[3].split(",")) for line in lines}

    def log(self):
        """(standard output, standard error)."""
        done = self.store.podman("logs", self.id)
        return done.stdout, done.stderr

    def wait_for_log(self, expression, limit=None):
        """The match, once standard error has it."""
        def find():
            match = re.search(expression, self.log()[1], re.MULTILINE)
            if not match and not self.state()["Running"]:
                match = re.search(expression, self.log()[1], re.MULTILINE)
                assert match, f"it has exited with {self.state()['ExitCode']}\n{self.log()[1]}"
            return match
        return eventually(find, f"{expression} in the log", limit)

    def is_healthy(self):
        """Asks the image's health check, as an engine does by itself."""
        return self.store.podman("healthcheck", "run", self.id, check=False).returncode == 0

    def exec(self, *command):
        return self.store.podman("exec", self.id, *command, check=False)

    def kill(self, signal):
        self.store.podman("kill", "--signal", signal, self.id)

    def wait(self):
        """The exit code, once it has exited."""
        return int(self.store.podman("wait", self.id, limit=3 * LIMIT).stdout.strip())

    def remove(self):
        self.store.podman("rm", "--force", "--time", "0", "--volumes", self.id, check=False)
