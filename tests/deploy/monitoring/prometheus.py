"""A real Prometheus, with its configuration and data in a folder of the test."""

import json
import math
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from support.waiting import LIMIT, eventually


class Prometheus:
    """`folder` has prometheus.yaml and the rules that it names. Listens on a port of the kernel's
    choice."""

    def __init__(self, folder):
        self.started = time.time()
        self._log = folder / "prometheus.log"
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={folder}/prometheus.yaml",
                 f"--storage.tsdb.path={folder}/data", "--web.listen-address=127.0.0.1:0"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.address = eventually(self._find_address, "Prometheus to listen")
        eventually(self._is_ready, "Prometheus to be ready")

    def log(self):
        return self._log.read_text(encoding="utf-8", errors="replace")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(LIMIT)

    def _find_address(self):
        if self.process.poll() is not None:
            raise AssertionError(f"Prometheus has exited\n{self.log()}")
        found = re.search(r'msg="Listening on" address="?([\d.]+:\d+)', self.log())
        return found and found[1]

    def _is_ready(self):
        try:
            with urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=LIMIT) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False

    def ask(self, path, **parameters):
        """The data of an answer of the API."""
        request = urllib.request.Request(
            f"http://{self.address}/api/v1/{path}",
            urllib.parse.urlencode(parameters).encode() if parameters else None)
        try:
            with urllib.request.urlopen(request, timeout=LIMIT) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as failure:
            raise AssertionError(f"{parameters}: {failure.read().decode()}") from failure

    def rules(self):
        """All rules as Prometheus has understood them."""
        return [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]

    def history(self, expression):
        """What an expression was at each second since the start: a list of (labels, numbers)."""
        now = time.time()
        step = max(1, math.ceil((now - self.started) / 1000))
        found = self.ask("query_range", query=expression, start=self.started, end=now, step=step)
        return [(series["metric"], [float(value) for _, value in series["values"]])
                for series in found["result"]]

    def has_data(self, expression):
        """True if the expression has ever been a number."""
        return any(not math.isnan(value) for _, values in self.history(expression)
                   for value in values)

    def now(self, expression):
        """The sum of what an expression is now; 0 if it is nothing."""
        found = self.ask("query", query=expression)["result"]
        return sum(float(series["value"][1]) for series in found)
