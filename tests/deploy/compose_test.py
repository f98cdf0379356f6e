#!/usr/bin/env python3
"""docker/compose.yaml without an engine: what it names is there, nothing has more rights than it
needs, and its times and ports fit the configurations. Needs python3-yaml and a ferrule."""

import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from documents import load, seconds  # noqa: E402
from support.places import BINARY, SOURCE, certificate, fresh  # noqa: E402

DOCKER = SOURCE / "docker"
# Ferrule's own bound on what comes after drain.timeout, and a second for the log.
AFTER_DRAIN = 3 + 1


def longest_stop(settings):
    drain = settings["drain"]
    return seconds(drain.get("delay", "0s")) + seconds(drain["timeout"]) + AFTER_DRAIN


def check_configuration(case, path):
    """`ferrule check` of a file with a certificate that exists put in."""
    text = path.read_text(encoding="utf-8")
    for name, actual in zip(("tls.crt", "tls.key"), certificate()):
        case.assertIn(f"/etc/ferrule/tls/{name}", text)
        text = text.replace(f"/etc/ferrule/tls/{name}", actual)
    if "/etc/ferrule/tickets/keys" in text:
        keys = fresh("keys")
        made = subprocess.run([DOCKER / "kubernetes" / "ticket-keys"], input=b"", check=True,
                              capture_output=True, timeout=20)
        keys.write_bytes(made.stdout)
        keys.chmod(0o600)
        text = text.replace("/etc/ferrule/tickets/keys", str(keys))
    copy = fresh("ferrule.yaml")
    copy.write_text(text, encoding="utf-8")
    done = subprocess.run([BINARY, "check", str(copy)], capture_output=True, text=True, timeout=60,
                          check=False)
    case.assertEqual((done.returncode, done.stderr), (0, ""), path)


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.file = load(DOCKER / "compose.yaml")
        cls.services = cls.file["services"]

    def mounts(self):
        """(service, source, target, options) of every mount."""
        for name, service in self.services.items():
            for mount in service.get("volumes", []):
                source, target, *options = mount.split(":")
                yield name, source, target, options

    def test_mounts_only_what_is_there(self):
        for name, source, target, options in self.mounts():
            with self.subTest(service=name, source=source):
                if source.startswith("."):
                    self.assertTrue((DOCKER / source).exists())
                    self.assertEqual(options, ["ro"])
                else:
                    self.assertIn(source, self.file["volumes"])

    def test_gives_no_service_more_than_it_needs(self):
        for name, service in self.services.items():
            with self.subTest(service=name):
                self.assertIs(service["read_only"], True)
                self.assertEqual(service["cap_drop"], ["ALL"])
                self.assertEqual(service["security_opt"], ["no-new-privileges:true"])
                self.assertIn("mem_limit", service)
                self.assertNotIn("privileged", service)
                for port in service.get("ports", []):
                    self.assertTrue(port.startswith("127.0.0.1:"), port)

    def test_names_a_version_of_every_image(self):
        for name, service in self.services.items():
            with self.subTest(service=name):
                self.assertRegex(service["image"], r":v?\d+\.\d+\.\d+$")
        cmake = (SOURCE / "CMakeLists.txt").read_text(encoding="utf-8")
        version = re.search(r"(?m)^    VERSION (\S+)$", cmake)[1]
        self.assertEqual(self.services["ferrule"]["image"], f"ferrule:{version}")
        kustomization = load(DOCKER / "kubernetes" / "kustomization.yaml")
        self.assertEqual(kustomization["images"][0]["newTag"], version)

    def test_publishes_what_ferrule_listens_on(self):
        settings = load(DOCKER / "config" / "ferrule.yaml")
        addresses = settings["listeners"][0]["addresses"]
        self.assertEqual([port.rsplit(":", 1)[1] for port in self.services["ferrule"]["ports"]],
                         [addresses.rsplit(":", 1)[1]])
        dockerfile = (SOURCE / "Dockerfile").read_text(encoding="utf-8")
        exposed = re.search(r"(?m)^EXPOSE (.*)$", dockerfile)[1].split()
        for path in (DOCKER / "config" / "ferrule.yaml", DOCKER / "ferrule.yaml"):
            settings = load(path)
            self.assertEqual([settings["listeners"][0]["addresses"].rsplit(":", 1)[1],
                              settings["metrics"]["address"].rsplit(":", 1)[1]], exposed, path)

    def test_asks_for_health_where_ferrule_answers(self):
        dockerfile = (SOURCE / "Dockerfile").read_text(encoding="utf-8")
        for path in (DOCKER / "config" / "ferrule.yaml", DOCKER / "ferrule.yaml",
                     DOCKER / "kubernetes" / "ferrule.yaml"):
            self.assertIn(f'"--socket", "{load(path)["control"]["path"]}"', dockerfile, path)

    def test_sends_to_a_service_that_exists(self):
        settings = load(DOCKER / "config" / "ferrule.yaml")
        name, _, _ = settings["backends"][0]["servers"].partition(":")
        self.assertIn(name, self.services)

    def test_waits_longer_than_a_drain_takes(self):
        grace = seconds(self.services["ferrule"]["stop_grace_period"])
        self.assertGreaterEqual(grace, longest_stop(load(DOCKER / "config" / "ferrule.yaml")))

    def test_is_over_before_a_plain_docker_stop_kills(self):
        self.assertLessEqual(longest_stop(load(DOCKER / "ferrule.yaml")), 10)

    def test_configurations_are_good(self):
        check_configuration(self, DOCKER / "ferrule.yaml")
        check_configuration(self, DOCKER / "config" / "ferrule.yaml")

    def test_prometheus_scrapes_services_that_exist(self):
        settings = load(DOCKER / "prometheus" / "prometheus.yaml")
        for job in settings["scrape_configs"]:
            for target in job["static_configs"][0]["targets"]:
                name, _, port = target.partition(":")
                with self.subTest(target=target):
                    self.assertIn(name, {"localhost", *self.services})
                    if name == "ferrule":
                        address = load(DOCKER / "config" / "ferrule.yaml")["metrics"]["address"]
                        self.assertEqual(address, f"0.0.0.0:{port}")
        for rules in settings["rule_files"]:
            self.assertTrue((DOCKER / "prometheus" / rules).exists(), rules)
        self.assertIn(("prometheus", "./prometheus", "/etc/prometheus", ["ro"]),
                      list(self.mounts()))

    def test_grafana_finds_prometheus_and_the_dashboard(self):
        provisioning = DOCKER / "grafana" / "provisioning"
        for path in (provisioning / "datasources").glob("*.yaml"):
            for source in load(path)["datasources"]:
                name = re.fullmatch(r"http://([\w-]+):9090/?", source["url"])
                self.assertIn(name and name[1], self.services, source)
        folders = {provider["options"]["path"]
                   for path in (provisioning / "dashboards").glob("*.yaml")
                   for provider in load(path)["providers"]}
        targets = [target for name, source, target, _ in self.mounts()
                   if name == "grafana" and source.endswith(".json")]
        self.assertTrue(targets)
        for target in targets:
            self.assertIn(str(pathlib.PurePosixPath(target).parent), folders)

    def test_makes_the_certificate_once(self):
        self.assertTrue(shutil.which("openssl"), "needs openssl")
        place = fresh("tls")
        place.mkdir()
        tool = DOCKER / "certificate" / "make-certificate"
        subprocess.run([tool, place, "example.org"], check=True, capture_output=True, timeout=60)
        first = {path.name: path.read_bytes() for path in place.iterdir()}
        self.assertEqual(set(first), {"tls.crt", "tls.key"})
        self.assertEqual((place / "tls.key").stat().st_mode & 0o777, 0o600)
        names = subprocess.run(
            ["openssl", "x509", "-in", place / "tls.crt", "-noout", "-ext", "subjectAltName"],
            check=True, capture_output=True, text=True, timeout=60).stdout
        self.assertIn("DNS:localhost", names)
        self.assertIn("DNS:example.org", names)
        subprocess.run([tool, place], check=True, capture_output=True, timeout=60)
        self.assertEqual({path.name: path.read_bytes() for path in place.iterdir()}, first)


if __name__ == "__main__":
    unittest.main(verbosity=2)
