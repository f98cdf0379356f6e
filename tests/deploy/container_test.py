#!/usr/bin/env python3
"""The image, built from the Dockerfile and run as docs/operations.md says: what is in it, as whom it
runs, a session through it from a real client to a real server, its health, its end.

Needs root and the packages of [deploy]; containers.py says what can be set.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from containers import Store, check_tools, enter_private_network  # noqa: E402
from support.backend import Backend  # noqa: E402
from support.daemon import Series  # noqa: E402
from support.places import SOURCE, certificate, folder  # noqa: E402
from support.programs import Nginx  # noqa: E402
from support.tcp import FIN, pattern  # noqa: E402
from support.tls_client import TlsClient  # noqa: E402
from support.waiting import LIMIT, Background, eventually  # noqa: E402

MIB = 1024 * 1024
# Measured: 88 MB, of which 78 are debian:bookworm-slim and 5 OpenSSL; a tenth above that.
MAX_SIZE = 97_000_000
REVISION = "0123456789ab"
TLS_VOLUME = "ferrule-test-tls"
CARET = (r"(?s)/etc/ferrule/config/ferrule\.yaml:\d+:\d+: error: [^\n]*has no unit\n"
         r" *timeout: 30\n *\^")

store = None
image = None


def setUpModule():
    global store, image
    check_tools()
    store = Store()
    unittest.addModuleCleanup(store.close)
    store.build("ferrule-certificate", SOURCE / "docker" / "certificate")
    image = os.environ.get("FERRULE_IMAGE")
    if not image:
        image = "localhost/ferrule"
        store.build("ferrule", SOURCE, REVISION=REVISION, JOBS=os.environ.get("FERRULE_JOBS", ""))
    enter_private_network()
    # As docker/compose.yaml does it: one container makes the certificate, the other only reads it.
    store.run_once("localhost/ferrule-certificate", options=("--volume", f"{TLS_VOLUME}:/tls"))


def get(path):
    """(status, body) of the container's metrics address."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:9464{path}", timeout=LIMIT) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


def ended(log):
    """The lines of ended sessions, each as a dictionary."""
    lines = [line for line in log.splitlines() if re.search(r" ended session=\d+ ", line)]
    return [dict(re.findall(r'(\w+)=("[^"]*"|\S+)', line)) for line in lines]


class TheImage(unittest.TestCase):
    def test_is_small(self):
        size = store.size(image)
        print(f"image: {size / 1e6:.1f} MB", flush=True)
        self.assertLessEqual(size, MAX_SIZE)

    def test_says_how_it_is_run(self):
        config = store.inspect(image)["Config"]
        self.assertEqual(config["User"], "10001:10001")
        self.assertEqual(config["StopSignal"], "SIGTERM")
        self.assertEqual(set(config["ExposedPorts"]), {"8443/tcp", "9464/tcp"})
        self.assertEqual(config["Entrypoint"], ["/usr/bin/ferrule"])
        self.assertEqual(config["Labels"]["org.opencontainers.image.licenses"], "Apache-2.0")
        check = store.inspect(image)["Healthcheck"]
        self.assertEqual(check["Test"][1:3], ["/usr/bin/ferrule", "ctl"], "not by a shell")

    def test_is_labelled_with_its_version(self):
        done = store.run_once(image, "version")
        labels = store.inspect(image)["Config"]["Labels"]
        self.assertRegex(done.stdout, rf"^ferrule {labels['org.opencontainers.image.version']}\b")

    def test_has_nothing_that_is_not_needed(self):
        mounted = pathlib.Path(store.podman("image", "mount", image).stdout.strip())
        self.addCleanup(store.podman, "image", "unmount", image)
        files = [path for path in mounted.rglob("*") if not path.is_symlink() and path.is_file()]
        self.assertEqual([str(path) for path in files if path.stat().st_mode & 0o6000], [],
                         "with the rights of another user")
        names = {str(path.relative_to(mounted)) for path in files}
        for unwanted in ("usr/bin/g++", "usr/bin/cmake", "usr/include/openssl/ssl.h"):
            self.assertNotIn(unwanted, names)
        self.assertEqual([name for name in names if "var/lib/apt/lists/" in name
                          and not name.endswith("/lock")], [])
        # Scanners look into the package database; it must name what is there.
        database = (mounted / "var/lib/dpkg/status").read_text(encoding="utf-8")
        for package in ("libssl3", "libyaml-cpp0.7", "libprometheus-cpp-core1.0"):
            self.assertIn(f"Package: {package}\n", database)
        self.assertIn("usr/share/doc/ferrule/copyright", names)


class Case(unittest.TestCase):
    def setUp(self):
        self.config = folder() / f"config-{self.id()}"

    def write(self, settings):
        """As an editor does it: another file takes the place of the old one."""
        new = self.config / "ferrule.yaml.new"
        new.write_text(settings, encoding="utf-8")
        new.chmod(0o644)
        new.rename(self.config / "ferrule.yaml")

    def start(self, *command, settings=None, options=(), tls=TLS_VOLUME, **more):
        """A container that has the certificate; `settings` is the text of its own file."""
        os.chmod(folder(), 0o755)
        if settings is not None:
            self.config.mkdir(mode=0o755)
            self.write(settings)
            options = (*options, "--volume", f"{self.config}:/etc/ferrule/config:ro")
            command = ("run", "--config", "/etc/ferrule/config/ferrule.yaml")
        container = store.run(
            image, *command, **more, options=(
                "--add-host", "app:127.0.0.1", "--volume", f"{tls}:/etc/ferrule/tls:ro",
                *options))
        self.addCleanup(container.remove)
        return container

    def curl(self, path, *options):
        """(status, body) of a real client's request through the container."""
        certificate = pathlib.Path(
            store.podman("volume", "inspect", TLS_VOLUME, "--format", "{{.Mountpoint}}")
            .stdout.strip(), "tls.crt")
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--cacert", str(certificate), "--max-time",
             str(int(3 * LIMIT)), "--write-out", "%{stderr}%{http_code}", *options,
             f"https://localhost:8443{path}"], capture_output=True, timeout=4 * LIMIT, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return int(done.stderr), done.stdout


class AContainer(Case):
    def test_carries_a_session_without_any_privilege(self):
        nginx = Nginx("127.0.0.1:8080")
        self.addCleanup(nginx.close)
        data = pattern(3 * MIB)
        (nginx.www / "data").write_bytes(data)

        container = self.start()
        container.wait_for_log(r"info ready\b")
        status = container.status()
        self.assertEqual(status["Uid"].split(), ["10001"] * 4)
        self.assertEqual(status["Gid"].split(), ["10001"] * 4)
        for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
            self.assertEqual(int(status[name], 16), 0, name)
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertIn("ro", container.mounts()["/"])

        self.assertTrue(container.is_healthy())
        self.assertEqual(container.state()["Health"]["Status"], "healthy")
        self.assertEqual(get("/readyz")[0], 200)
        self.assertEqual(self.curl("/data"), (200, data))
        line = eventually(lambda: ended(container.log()[1]), "the session's line")[0]
        self.assertEqual((line["listener"], line["outcome"]), ("web", "clean"), line)
        self.assertGreater(int(line["to_client_bytes"]), len(data))
        series = Series(get("/metrics")[1])
        self.assertEqual(series.sum("ferrule_sessions_ended_total", outcome="clean"), 1)
        revision = store.inspect(image)["Config"]["Labels"]["org.opencontainers.image.revision"]
        self.assertEqual(series.sum("ferrule_build_info", revision=revision), 1)

        container.kill("TERM")
        self.assertEqual(container.wait(), 0, container.log())
        self.assertEqual(container.log()[0], "", "on standard output")

    def test_drains_on_sigterm_and_is_healthy_meanwhile(self):
        backend = Backend()
        self.addCleanup(backend.close)
        example = (SOURCE / "docker" / "config" / "ferrule.yaml").read_text(encoding="utf-8")
        container = self.start(settings=example.replace("app:8080", backend.text))
        container.wait_for_log(r"info ready\b")
        client = TlsClient(("127.0.0.1", 8443)).handshake()
        self.addCleanup(client.close)
        peer = backend.accept()
        self.addCleanup(peer.close)
        reading = Background(client.read_until_end)
        data = pattern(MIB)
        peer.send(data)

        container.kill("TERM")
        eventually(lambda: get("/readyz")[0] == 503, "readiness to end")
        self.assertTrue(container.is_healthy(), "or an orchestrator would kill it in its drain")
        peer.send(data)
        peer.fin()
        seen = reading.result()
        client.goodbye()
        self.assertEqual((bytes(seen.data) == data + data, seen.close_notify, seen.end),
                         (True, True, FIN), str(seen))
        self.assertEqual(container.wait(), 0, container.log())
        line = ended(container.log()[1])[0]
        self.assertEqual((line["cause"], line["outcome"]), ("backend_eof", "clean"), line)

    def test_runs_as_it_comes(self):
        """With no option but the certificate's: nothing is dropped, nothing is read-only."""
        container = self.start(hardened=False)
        container.wait_for_log(r"info ready\b")
        self.assertTrue(container.is_healthy())
        self.assertEqual(container.status()["Uid"].split()[0], "10001")

    def test_keeps_its_control_socket_wherever_it_is_put(self):
        """On a tmpfs that says no owner and no mode, and with a user of the operator's choice."""
        tls = folder() / "tls"
        tls.mkdir(mode=0o755)
        for name, source in zip(("tls.crt", "tls.key"), certificate()):
            shutil.copyfile(source, tls / name)
            os.chown(tls / name, 0, 10001)
            (tls / name).chmod(0o640)
        # As Docker does it: podman would put a tmpfs of its own on /run.
        tmpfs = ("--read-only-tmpfs=false", "--tmpfs", "/run/ferrule")
        for options in (tmpfs, ("--user", "12345:10001")):
            with self.subTest(options=options):
                container = self.start(options=options, tls=tls)
                container.wait_for_log(r"info ready\b")
                self.assertTrue(container.is_healthy())
                container.kill("TERM")
                self.assertEqual(container.wait(), 0)

    def test_says_that_its_control_socket_cannot_be(self):
        path = folder() / "run"
        path.mkdir(mode=0o755)
        container = self.start(options=("--volume", f"{path}:/run/ferrule"))
        self.assertEqual(container.wait(), 1)
        self.assertIn("unix:/run/ferrule/control.sock", container.log()[1])

    def test_reloads_when_told_and_says_what_is_wrong(self):
        text = (SOURCE / "docker" / "config" / "ferrule.yaml").read_text(encoding="utf-8")
        container = self.start(settings=text)
        container.wait_for_log(r"info ready\b")
        self.assertEqual(container.exec("ferrule", "ctl", "reload").returncode, 0)
        self.write(text.replace("timeout: 30s", "timeout: 30"))
        done = container.exec("ferrule", "ctl", "reload")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stdout + done.stderr, CARET)
        self.assertTrue(container.is_healthy())

    def test_starts_again_after_it_was_killed(self):
        container = self.start()
        container.wait_for_log(r"info ready\b")
        container.kill("KILL")
        self.assertEqual(container.wait(), 137)
        store.podman("start", container.id)
        eventually(container.is_healthy, "health, although a socket was left behind")

    def test_says_what_is_wrong_with_its_configuration(self):
        text = (SOURCE / "docker" / "config" / "ferrule.yaml").read_text(encoding="utf-8")
        container = self.start(settings=text.replace("timeout: 30s", "timeout: 30"))
        self.assertEqual(container.wait(), 2)
        self.assertRegex(container.log()[1], CARET)

    def test_says_that_it_has_no_certificate(self):
        container = store.run(image)
        self.addCleanup(container.remove)
        self.assertEqual(container.wait(), 2)
        self.assertIn("/etc/ferrule/tls/tls.crt", container.log()[1])


if __name__ == "__main__":
    unittest.main(verbosity=2)
