#!/usr/bin/env python3
"""Writes the tables of docs/performance.md, between its markers, and docs/performance.svg from the
JSON of a run:

    bench/performance/page.py [build/bench.json]
"""

import json
import pathlib
import re
import sys
import time

import figure
import table
from proxies import LIMIT, OURS, ROOT

PAGE = ROOT / "docs/performance.md"
FIGURE = ROOT / "docs/performance.svg"


def _table(head, lines):
    """A Markdown table; all columns but the first are numbers."""
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, rule, *lines])


def _ratio(value):
    return f"{value:.2f}" if value else "-"


def goals(found):
    lines = []
    for entry in table.rows(found):
        row = entry["row"]
        if not row.in_goals or not entry["best"]:
            continue
        ours, best = entry["proxies"][OURS], entry["proxies"][entry["best"]]
        goal = f"≤ {row.goal_best:.2f} × best"
        if row.goal_limit:
            goal += f", ≤ {row.goal_limit:.2f} × limit"
        met = {True: "yes", False: "**no**", None: "-"}[table.is_met(entry)]
        lines.append([f"{row.title}, {row.unit}", f"**{table.number(ours['median'])}**",
                      f"{table.number(best['median'])} ({entry['best']})",
                      _ratio(entry["to_best"]),
                      table.number(entry["limit"]) if entry["limit"] else "-",
                      _ratio(entry["to_limit"]), goal, met])
    return _table(["work, unit", "Ferrule", "best peer", "ratio", "limit", "ratio", "goal", "met"],
                  lines)


def figures(found):
    names = [name for name in figure.COLOURS
             if any(each["proxy"] == name for each in found["runs"])]
    lines = []
    for entry in table.rows(found):
        cells = [f"{entry['row'].title}, {entry['row'].unit}"]
        for name in names:
            each = entry["proxies"].get(name)
            if not each:
                cells.append("")
                continue
            text = table.number(each["median"])
            if each["least"] != each["most"]:
                text += f" ({table.number(each['least'])} to {table.number(each['most'])})"
            if not each["is_valid"]:
                text += " †"
            cells.append(text)
        lines.append(cells)
    return _table(["work, unit", *names], lines)


def endings(found):
    """For each proxy, all sessions of all loads."""
    names = [name for name in figure.COLOURS if any(run["proxy"] == name for run in found["runs"])]
    lines = []
    for name in names:
        sums = {}
        for run in found["runs"]:
            if run["proxy"] == name and "failure" not in run:
                for kind, number in run["ends"].items():
                    sums[kind] = sums.get(kind, 0) + number
        total = sum(sums.values())
        lines.append([name, str(total), *(str(sums.get(kind, 0)) for kind in
                                         ("clean", "bare", "reset", "bad", "unfinished"))])
    return _table(["proxy", "sessions", "close_notify, then FIN", "FIN without close_notify",
                   "RST, behind a close_notify or not", "bad", "never ended"], lines)


def limits(found):
    lines = []
    for entry in table.rows(found):
        if entry["limit"]:
            own = table.crypto(found, entry["row"].crypto)
            lines.append([f"{entry['row'].title}, {entry['row'].unit}",
                          table.number(entry["limit"] - own), table.number(own),
                          table.number(entry["limit"])])
    return _table(["work, unit", "plain relay", "OpenSSL", "limit"], lines)


def latencies(found):
    titles = {"ping-alone": "64 B, 1 session", "ping-64": "64 B, 64 sessions",
              "ping-1000": "64 B, 1000 sessions", "mix": "64 B, 8 sessions beside 8 downloads"}
    lines = [[titles[run], "plain relay" if name == LIMIT else name,
              *(f"{each[which]:.0f}" for which in ("p50", "p99", "p99.9"))]
             for run, name, each in table.latencies(found)]
    return _table(["messages", "proxy", "p50, µs", "p99, µs", "p99.9, µs"], lines)


def machine(found):
    is_at = found["machine"]
    median, most = table.noise(found)
    versions = found["versions"]
    day = time.strftime("%Y-%m-%d", time.gmtime(found["began"]))
    peers = ", ".join(f"{name} {version}" for name, version in versions.items() if name != OURS)
    busy = ("; they were busy: differences of less than a tenth mean nothing" if median > 0.2
            else "")
    return "\n".join([
        f"- {day}, `{found['command'].strip()}`: {found['rounds']} rounds, {found['seconds']:g} s "
        f"of each load, {found['took'] / 60:.0f} minutes in all",
        f"- {is_at['cores']} cores of {is_at['processor']}, Linux {is_at['kernel']}, OpenSSL "
        f"{is_at['openssl']}; the proxy on core {is_at['pinned']['proxy']}, the generator and its "
        f"backend on core {is_at['pinned']['generator']}",
        f"- {is_at['network']}",
        f"- Ferrule {versions[OURS]}; {peers}",
        "- the proxy used %.0f%% of its core, the generator %.0f%% of its own (medians of all runs)"
        % tuple(100 * share for share in table.shares(found)),
        f"- what other processes (and the host) took of the machine meanwhile: {median:.2f} cores "
        f"in the median run, {most:.2f} in the worst{busy}"])


SECTIONS = {"machine": machine, "limits": limits, "goals": goals, "figures": figures, "endings": endings,
            "latencies": latencies}


def write(found):
    text = PAGE.read_text(encoding="utf-8")
    for name, section in SECTIONS.items():
        begin, end = f"<!-- {name}: written by bench/run --docs -->", f"<!-- /{name} -->"
        place = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        if len(place.findall(text)) != 1:
            raise RuntimeError(f"{PAGE.name} has to have {begin} and {end} once")
        text = place.sub(lambda _, body=section(found): f"{begin}\n{body}\n{end}", text)
    PAGE.write_text(text, encoding="utf-8")
    FIGURE.write_text(figure.svg(table.rows(found)), encoding="utf-8")


if __name__ == "__main__":
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build/bench.json"
    write(json.loads(path.read_text()))
