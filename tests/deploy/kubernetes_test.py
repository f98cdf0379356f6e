#!/usr/bin/env python3
"""docker/kubernetes without a cluster: the files fit each other, the image and Ferrule. Needs
python3-yaml and a ferrule; asks kubectl as well where there is one."""

import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from compose_test import AFTER_DRAIN, check_configuration  # noqa: E402
from documents import load, load_all, seconds  # noqa: E402
from support.case import DaemonCase, simple  # noqa: E402
from support.places import SOURCE  # noqa: E402

FOLDER = SOURCE / "docker" / "kubernetes"


class Kubernetes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kustomization = load(FOLDER / "kustomization.yaml")
        cls.objects = {}
        for name in cls.kustomization["resources"]:
            text = (FOLDER / name).read_text(encoding="utf-8")
            for item in load_all(text):
                cls.objects[item["kind"]] = item
        cls.settings = load(FOLDER / "ferrule.yaml")
        cls.pod = cls.objects["Deployment"]["spec"]["template"]
        cls.container = cls.pod["spec"]["containers"][0]
        cls.ports = {port["name"]: port["containerPort"] for port in cls.container["ports"]}

    def test_lists_every_file(self):
        listed = {*self.kustomization["resources"],
                  *self.kustomization["configMapGenerator"][0]["files"], "kustomization.yaml"}
        self.assertEqual(listed, {path.name for path in FOLDER.glob("*.yaml")})

    @unittest.skipUnless(shutil.which("kubectl"), "needs a kubectl newer than that of Debian 12")
    def test_kustomize_puts_it_together(self):
        done = subprocess.run(["kubectl", "kustomize", FOLDER], capture_output=True, text=True,
                              timeout=60, check=True)
        made = {item["kind"]: item for item in load_all(done.stdout)}
        self.assertEqual(set(made), {*self.objects, "ConfigMap"})
        spec = made["Deployment"]["spec"]["template"]["spec"]
        names = [volume["configMap"]["name"] for volume in spec["volumes"]
                 if "configMap" in volume]
        self.assertEqual(names, [made["ConfigMap"]["metadata"]["name"]])
        self.assertNotEqual(spec["containers"][0]["image"], "ferrule")

    def test_configuration_is_good(self):
        check_configuration(self, FOLDER / "ferrule.yaml")

    def test_selectors_find_the_pods_and_no_others(self):
        labels = self.pod["metadata"]["labels"]
        found = [self.objects["Deployment"]["spec"]["selector"]["matchLabels"],
                 self.objects["Service"]["spec"]["selector"],
                 self.objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
                 self.objects["PodMonitor"]["spec"]["selector"]["matchLabels"],
                 self.objects["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
                 *(constraint["labelSelector"]["matchLabels"]
                   for constraint in self.pod["spec"]["topologySpreadConstraints"])]
        self.assertEqual(found, [labels] * len(found))

    def test_ports_are_those_that_ferrule_listens_on(self):
        listener = self.settings["listeners"][0]["addresses"]
        metrics = self.settings["metrics"]["address"]
        self.assertEqual(self.ports, {"tls": int(listener.rsplit(":", 1)[1]),
                                      "metrics": int(metrics.rsplit(":", 1)[1])})
        self.assertFalse(metrics.startswith("127."), "the kubelet comes from outside of the pod")
        named = [self.objects["Service"]["spec"]["ports"][0]["targetPort"],
                 self.objects["PodMonitor"]["spec"]["podMetricsEndpoints"][0]["port"],
                 *(port["port"] for rule in self.objects["NetworkPolicy"]["spec"]["ingress"]
                   for port in rule["ports"])]
        self.assertEqual(set(named), set(self.ports))
        backend = self.settings["backends"][0]["servers"].rsplit(":", 1)[1]
        allowed = [port["port"] for rule in self.objects["NetworkPolicy"]["spec"]["egress"]
                   for port in rule["ports"]]
        self.assertIn(int(backend), allowed)

    def test_a_pod_is_not_killed_in_its_drain(self):
        drain = self.settings["drain"]
        lifecycle = self.container.get("lifecycle", {}).get("preStop", {})
        before = lifecycle.get("sleep", {}).get("seconds", 0)
        self.assertEqual(set(lifecycle) - {"sleep"}, set(), "the image is run without a shell")
        self.assertGreaterEqual(
            self.pod["spec"]["terminationGracePeriodSeconds"],
            before + seconds(drain["delay"]) + seconds(drain["timeout"]) + AFTER_DRAIN)

    def test_an_endpoint_serves_for_as_long_as_ferrule_accepts(self):
        probe = self.container["readinessProbe"]
        self.assertGreaterEqual((probe["failureThreshold"] - 1) * probe["periodSeconds"],
                                seconds(self.settings["drain"]["delay"]))

    def test_the_autoscaler_waits_for_drains(self):
        spec = self.objects["HorizontalPodAutoscaler"]["spec"]
        self.assertGreaterEqual(spec["minReplicas"], 2)
        self.assertNotIn("replicas", self.objects["Deployment"]["spec"])
        for policy in spec["behavior"]["scaleDown"]["policies"]:
            self.assertGreaterEqual(policy["periodSeconds"],
                                    self.pod["spec"]["terminationGracePeriodSeconds"])

    def test_is_restricted(self):
        """What the Pod Security Standard `restricted` asks for, and a read-only root."""
        pod, container = self.pod["spec"]["securityContext"], self.container["securityContext"]
        self.assertIs(pod["runAsNonRoot"], True)
        self.assertEqual(pod["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertIs(container["allowPrivilegeEscalation"], False)
        self.assertIs(container["readOnlyRootFilesystem"], True)
        self.assertEqual(container["capabilities"], {"drop": ["ALL"]})
        user = re.search(r"(?m)^USER (\d+):(\d+)$",
                         (SOURCE / "Dockerfile").read_text(encoding="utf-8"))
        self.assertEqual([pod["runAsUser"], pod["runAsGroup"], pod["fsGroup"]],
                         [int(user[1]), int(user[2]), int(user[2])])
        self.assertLessEqual({next(iter(set(volume) - {"name"}))
                              for volume in self.pod["spec"]["volumes"]},
                             {"configMap", "secret", "emptyDir"})

    def test_files_are_mounted_where_ferrule_reads_them(self):
        mounts = {mount["mountPath"]: mount for mount in self.container["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in self.pod["spec"]["volumes"]}
        tls = self.settings["listeners"][0]["tls"]
        wanted = [tls["certificate"], tls["key"], tls["ticket_keys"],
                  self.settings["control"]["path"], self.container["args"][-1]]
        self.assertEqual({str(pathlib.PurePosixPath(path).parent) for path in wanted}, set(mounts))
        for mount in mounts.values():
            self.assertNotIn("subPath", mount, "it would never be renewed")
        secret = volumes[mounts["/etc/ferrule/tls"]["name"]]["secret"]
        self.assertEqual(secret["secretName"], self.objects["Certificate"]["spec"]["secretName"])
        for volume in volumes.values():
            if "secret" in volume:
                self.assertEqual(volume["secret"]["defaultMode"], 0o440, "for group 10001 alone")


class Probes(DaemonCase):
    def test_ask_for_paths_that_ferrule_serves(self):
        deployment = load(FOLDER / "deployment.yaml")
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        daemon = self.start(simple(self.backend()))
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            self.assertEqual(container[probe]["httpGet"]["port"], "metrics")
            self.assertEqual(daemon.get(container[probe]["httpGet"]["path"])[0], 200, probe)
        monitor = load(FOLDER / "monitor.yaml")["spec"]["podMetricsEndpoints"][0]
        self.assertEqual(daemon.get(monitor["path"])[0], 200)


class TicketKeys(unittest.TestCase):
    def next(self, text, code=0):
        done = subprocess.run([FOLDER / "ticket-keys"], input=text, text=True, timeout=20,
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout.splitlines()

    def test_tomorrows_becomes_todays_and_todays_yesterdays(self):
        first = self.next("")
        self.assertEqual(len(set(first)), 3)
        second = self.next("# a comment\n" + "\n".join(first))
        self.assertEqual(second[:2], [first[2], first[0]])
        self.assertEqual(len(second), 3)
        self.assertNotIn(second[2], first)

    def test_one_key_cannot_be_changed_without_notice(self):
        self.assertEqual(self.next(self.next("")[0], code=1), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
