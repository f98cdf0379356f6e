#!/usr/bin/env python3
"""Ferrule and its peers, side by side. Started by bench/endings/run."""

import argparse
import json
import os
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
os.environ.setdefault("FERRULE_TEST_LIMIT", "10")  # nothing here takes longer than eight seconds
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "system")]

import broken  # noqa: E402
import contest  # noqa: E402
import groups  # noqa: E402
import operations  # noqa: E402
import outages  # noqa: E402
import proxies  # noqa: E402
import report  # noqa: E402
from endings import CHAPTERS  # noqa: E402
from support.waiting import LIMIT  # noqa: E402


def say(text):
    print(text, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(prog="bench/endings/run", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5,
                        help="how often each row is played with each TLS version (5)")
    parser.add_argument("--rows", default="", help="only these, separated by commas: R1,R24")
    parser.add_argument("--proxies", default="",
                        help="only those whose name has one of these words: haproxy,stunnel")
    parser.add_argument("--output", default=str(ROOT / "docs" / "comparison.md"),
                        help="where the page goes (docs/comparison.md); - for the terminal")
    parser.add_argument("--results", default=str(ROOT / "build" / "comparison.json"),
                        help="where the results are kept (build/comparison.json)")
    parser.add_argument("--again", action="store_true",
                        help="only write the page again, from the results of the last run")
    parser.add_argument("--add", action="store_true",
                        help="play the chosen rows and proxies, and keep what the last run has of "
                             "all others (one proxy at a time, on a machine that is busy)")
    parser.add_argument("--broken", action="store_true",
                        help="with --again: play the proxies that break the rules again, too")
    chosen = parser.parse_args()
    words = [word for word in chosen.proxies.lower().split(",") if word]
    ids = [word for word in chosen.rows.upper().split(",") if word]
    chapters = [*CHAPTERS, operations.chapter, outages.stall, outages.drain]
    rows = [row for chapter in chapters for row in chapter.rows
            if row.id not in groups.NOT_FROM_OUTSIDE and (not ids or row.id in ids)]
    contestants = [proxy for proxy in proxies.ALL
                   if not words or any(word in proxy.name.lower() for word in words)]
    store = pathlib.Path(chosen.results)
    if chosen.again:
        kept = json.loads(store.read_text(encoding="utf-8"))
    else:
        begin = time.monotonic()
        results = {proxy.name: contest.rounds_of(proxy, rows, chosen.rounds, say)
                   for proxy in contestants}
        minutes = (time.monotonic() - begin) / 60
        if chosen.add:
            before = json.loads(store.read_text(encoding="utf-8"))
            minutes += before["facts"]["minutes"]
            results = {proxy.name: {**before["results"].get(proxy.name, {}),
                                    **results.get(proxy.name, {})} for proxy in proxies.ALL}
            results = {name: found for name, found in results.items() if found}
            contestants = [proxy for proxy in proxies.ALL if proxy.name in results]
        kept = {"results": results, "facts": report.facts_of(
            chosen.rounds, minutes, LIMIT, contest.PARALLEL, contestants, chosen.add)}
        store.parent.mkdir(parents=True, exist_ok=True)
        store.write_text(json.dumps(kept), encoding="utf-8")  # in case that what follows fails
    results = kept["results"]
    if chosen.add:
        rows = [row for chapter in chapters for row in chapter.rows]
    rows = [row for row in rows if any(row.id in found for found in results.values())]
    if not chosen.again or chosen.broken:
        unfailed = [row for row in rows if not any(
            result["failures"] for found in results.values() for result in found.get(row.id, []))]
        kept["broken"] = {}
        for proxy in broken.ALL:
            found = kept["broken"][proxy.name] = contest.rounds_of(proxy, unfailed, 1, say)
            unfailed = [row for row in unfailed if not any(
                result["failures"] for result in found.get(row.id, []))]
        store.write_text(json.dumps(kept), encoding="utf-8")
    contestants = [proxy for proxy in contestants if proxy.name in results]
    page = report.page(contestants, chapters, rows, results, kept["facts"],
                       kept.get("broken", {}))
    if chosen.output == "-":
        print(page)
    else:
        pathlib.Path(chosen.output).write_text(page, encoding="utf-8")
    failed = [f"{row_id}: {result['failures'][0]}" for row_id, found in
              results.get("Ferrule", {}).items() for result in found if result["failures"]]
    for text in failed:
        say(f"Ferrule failed {text}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
