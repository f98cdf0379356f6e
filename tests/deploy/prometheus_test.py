#!/usr/bin/env python3
"""Alerts and dashboard: their files are good, every alert fires when it should, and every
expression finds data in a real Prometheus that watches real Ferrules under load.

    FERRULE_BINARY=build/release/ferrule tests/deploy/prometheus_test.py

Needs prometheus and promtool (Debian's package prometheus), and openssl.
"""

import contextlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]

from monitoring import promql  # noqa: E402
from monitoring.load import MADE  # noqa: E402
from monitoring.stage import RULES, SHORT, Stage, shortened  # noqa: E402
from support.places import BINARY, SOURCE  # noqa: E402
from support.waiting import LIMIT, TookTooLong, eventually  # noqa: E402

DASHBOARD = SOURCE / "docker" / "grafana" / "ferrule.json"

# A fault of Ferrule cannot be made from outside; alerts_test.yaml shows that its alert fires.
CANNOT_BE_MADE = {"FerruleInternalEnding"}
# Names that Prometheus gives itself.
OF_PROMETHEUS = {"up", "ALERTS"}


def setUpModule():
    missing = [tool for tool in ("prometheus", "promtool", "openssl") if not shutil.which(tool)]
    if missing:
        raise AssertionError(f"not installed: {', '.join(missing)} (see the file `packages`)")
    if not pathlib.Path(BINARY).is_file():
        raise AssertionError(f"no ferrule at {BINARY}; set FERRULE_BINARY")


def alerts():
    """Name -> text of each alert of alerts.yaml."""
    text = (RULES / "alerts.yaml").read_text(encoding="utf-8")
    parts = re.split(r"(?m)^ +- alert: (\w+)\n", text)[1:]
    return dict(zip(parts[::2], parts[1::2]))


class Files(unittest.TestCase):
    def promtool(self, *arguments):
        answer = subprocess.run(["promtool", *arguments], cwd=RULES, capture_output=True,
                                text=True, timeout=120)
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)

    def test_prometheus_accepts_configuration_and_rules(self):
        self.promtool("check", "config", "prometheus.yaml")
        self.promtool("check", "rules", "alerts.yaml")

    def test_alerts_fire_when_they_should_and_only_then(self):
        self.promtool("test", "rules", "alerts_test.yaml")

    def test_every_alert_has_a_case_that_fires_and_one_that_does_not(self):
        text = (RULES / "alerts_test.yaml").read_text(encoding="utf-8")
        cases = re.findall(r"- alertname: (\w+)\n +eval_time: \w+\n +exp_alerts:( \[\])?", text)
        for name in alerts():
            with self.subTest(alert=name):
                self.assertIn((name, ""), cases, "nothing makes it fire")
                self.assertIn((name, " []"), cases, "nothing keeps it silent")

    def test_every_alert_says_what_to_do(self):
        manual = (SOURCE / "docs" / "operations.md").read_text(encoding="utf-8")
        for name, text in alerts().items():
            with self.subTest(alert=name):
                for annotation in ("summary", "description"):
                    self.assertRegex(text, rf"(?m)^ +{annotation}: \S")
                self.assertRegex(text, r"(?m)^ +severity: (warning|critical)$")
                self.assertIn("$value", text, "the description has no value")
                self.assertIn(f"runbook: docs/operations.md#{name}\n", text)
        self.assertEqual(set(re.findall(r'<a id="(Ferrule\w+)"></a>\1\b', manual)), set(alerts()),
                         "the table in docs/operations.md")

    def test_every_duration_of_the_rules_has_a_short_one(self):
        text = (RULES / "alerts.yaml").read_text(encoding="utf-8")
        expressions = re.sub(r"(?m)^ *#.*|^ +description: >-\n(?: {12}.*\n)+", "", text)
        short = re.sub(r"(?m)^ *#.*|^ +description: >-\n(?: {12}.*\n)+", "", shortened(text))
        self.assertEqual(len(re.findall(r"\b\d+[mhdw]\b", short)),
                         sum(expressions.count(f"[{each}") for each in ("1d", "7d")),
                         f"something is not in {SHORT}")


class Expressions(unittest.TestCase):
    """What the other tests take for granted."""

    def test_comparisons_and_set_operators_hide_nothing(self):
        for expression, bare in [
                ("up == 0", "up == bool 0"),
                ('a{b!="<"} / c <= 1', 'a{b!="<"} / c <= bool 1'),
                ("a > 0 unless on (x) b or c", "a > bool 0 and on (x) b and c"),
                ("a >= bool 3 and b<3", "a >= bool 3 and b< bool 3")]:
            with self.subTest(expression):
                self.assertEqual(promql.without_conditions(expression), bare)

    def test_every_series_is_seen(self):
        found = promql.selectors(
            'sum by (x) (rate(a{x=~"one|two",y!="}"}[5m])) / on (x) group_left () b:c:d > 2e3\n'
            'and max_over_time((f offset 1h)[1d:1m]) or time() - e * 0')
        self.assertEqual([name for name, _ in found], ["a", "b:c:d", "f", "e"])
        self.assertEqual(promql.single(found[0]),
                         ['a{x=~"one",y!="}"}', 'a{x=~"two",y!="}"}'])
        self.assertEqual(promql.single(("a", (("x", "=~", '"$x"'),))), ['a{x=~".+"}'])


def panels():
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def dashboard():
    return json.loads(DASHBOARD.read_text(encoding="utf-8"))


class Dashboard(unittest.TestCase):
    def test_every_panel_explains_itself(self):
        ids = [panel["id"] for panel in dashboard()["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
        for panel in panels():
            with self.subTest(panel=panel["title"]):
                self.assertTrue(panel["title"])
                self.assertRegex(panel["description"], r"\w.*\.$")
                defaults = panel["fieldConfig"]["defaults"]
                self.assertTrue(defaults["unit"])
                self.assertTrue(defaults["thresholds"]["steps"])
                for target in panel["targets"]:
                    self.assertEqual(target["datasource"]["uid"], "${datasource}")

    def test_panels_lie_side_by_side(self):
        taken = set()
        for panel in dashboard()["panels"]:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24)
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(cells & taken, f"{panel['title']} covers another panel")
            taken |= cells

    def test_everything_but_what_is_for_the_whole_job_can_be_selected(self):
        for name, expression in expressions_of_the_dashboard():
            for metric, matchers in promql.selectors(expression):
                with self.subTest(panel=name, metric=metric):
                    given = {value for _, _, value in matchers}
                    if metric != "ALERTS":
                        self.assertLessEqual({'"$job"', '"$instance"'}, given)


def expressions_of_the_dashboard():
    """(name, expression) of every query: panels, marks and the choices of variables."""
    board = dashboard()
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for mark in board["annotations"]["list"]:
        if "target" in mark:
            yield mark["name"], mark["target"]["expr"]


class Watched(unittest.TestCase):
    """One stage for all: what the tests ask is the history of the same minute."""

    @classmethod
    def setUpClass(cls):
        with contextlib.ExitStack() as cleanups:
            cls.stage = Stage(cleanups)
            cls.prometheus = cls.stage.prometheus
            cleanups.callback(cls.stage.clean_up)
            cls.stage.play()
            cls.fired = cls.alerts_that_fire()
            with contextlib.suppress(TookTooLong):
                cls.stage.wait_for_history()
            cls.exported = set()
            for daemon in (cls.stage.busy, cls.stage.poor):
                cls.exported |= {name for name, _ in daemon.scrape()}
            cls.addClassCleanup(cleanups.pop_all().close)

    @classmethod
    def alerts_that_fire(cls):
        """Waits until all have fired, or none more does for a while."""
        wanted = set(alerts()) - CANNOT_BE_MADE
        seen = set()

        def have_fired(names):
            for labels, _ in cls.prometheus.history('ALERTS{alertstate="firing"}'):
                seen.add(labels["alertname"])
            return names <= seen
        with contextlib.suppress(TookTooLong):
            eventually(lambda: have_fired(wanted - {"FerruleDown"}), "the alerts to fire",
                       2 * LIMIT)
        with contextlib.suppress(TookTooLong):
            cls.stage.wait_for('ferrule_sessions_ended_total{cause="drain"}', "the drain to end one")
        cls.stage.end_of_leaving()
        with contextlib.suppress(TookTooLong):
            eventually(lambda: have_fired({"FerruleDown"}), "FerruleDown to fire")
        return seen

    def known(self):
        return self.exported | OF_PROMETHEUS | {
            rule["name"] for rule in self.prometheus.rules() if rule["type"] == "recording"}

    def parts_are_alive(self, name, expression):
        for selector in promql.selectors(expression):
            with self.subTest(name, series=selector[0]):
                self.assertIn(selector[0], self.known(), "Ferrule does not export this")
            for series in promql.single(selector):
                with self.subTest(name, series=series):
                    self.assertTrue(self.prometheus.has_data(series), "there is no such series")

    def test_the_load_makes_every_ending(self):
        for name, labels in MADE:
            with self.subTest(series=f"{name}{{{labels}}}"):
                values = [value for _, values in self.prometheus.history(f"{name}{{{labels}}}")
                          for value in values]
                self.assertGreater(max(values, default=0), 0,
                                   "\n".join(self.stage.load.failures[-5:]))

    def test_every_alert_fires(self):
        for name in sorted(set(alerts()) - CANNOT_BE_MADE):
            with self.subTest(alert=name):
                self.assertIn(name, self.fired, f"it did not fire within {2 * LIMIT:g} s")

    def test_no_session_ended_by_a_fault(self):
        self.assertEqual(self.fired & CANNOT_BE_MADE, set())
        self.assertEqual(self.stage.busy.complaints(), [])

    def test_every_expression_of_the_rules_finds_data(self):
        for rule in self.prometheus.rules():
            self.parts_are_alive(rule["name"], rule["query"])
            bare = promql.without_conditions(rule["query"])
            with self.subTest(rule["name"]):
                self.assertTrue(self.prometheus.has_data(bare), f"no data for {bare}")

    def chosen(self, expression):
        """An expression with the variables as Grafana fills them in."""
        listeners = {labels["listener"] for labels, _ in
                     self.prometheus.history("ferrule_sessions_open")}
        values = {
            "$job": "ferrule", "$__rate_interval": "20s", "$__range": "5m", "$__interval": "5s",
            "$instance": "(" + "|".join(map(re.escape, self.stage.instances)) + ")",
            "$listener": "(" + "|".join(sorted(listeners)) + ")",
        }
        for name in sorted(values, key=len, reverse=True):
            expression = expression.replace(name, values[name].replace("\\", "\\\\"))
        self.assertNotIn("$", expression, "a variable that nobody fills in")
        return expression

    def test_every_expression_of_the_dashboard_finds_data(self):
        for name, expression in expressions_of_the_dashboard():
            self.parts_are_alive(name, expression)
            expression = self.chosen(expression)
            with self.subTest(name):
                self.assertTrue(self.prometheus.has_data(expression), f"no data for {expression}")

    def test_every_variable_of_the_dashboard_has_choices(self):
        for variable in dashboard()["templating"]["list"]:
            if variable["type"] == "query":
                with self.subTest(variable["name"]):
                    found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"])
                    series, label = self.chosen(found[1]), found[2]
                    self.assertTrue([1 for labels, _ in self.prometheus.history(series)
                                     if label in labels], series)


if __name__ == "__main__":
    unittest.main()
