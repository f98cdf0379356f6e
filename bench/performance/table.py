"""What the runs say: medians, spread and ratios, as values and as text."""

import statistics

from proxies import LIMIT, OURS
from workloads import LATENCIES, ROWS, RUNS


def _runs(found, run, proxy):
    return [each for each in found["runs"]
            if each["run"] == run and each["proxy"] == proxy and "failure" not in each]


def _figures(found, run, proxy, figure="cost"):
    return [each[figure] for each in _runs(found, run, proxy) if each["units"] > 0]


def crypto(found, where):
    version, kind, key = where.split(" ")
    return statistics.median(each[f"{version} {kind}"][key] for each in found["crypto"])


def limit(found, row):
    """The plain relay's median in the same load, and OpenSSL's own cost; None if one is missing."""
    run = next(each for each in RUNS if each.name == row.run)
    plain = _figures(found, run.plain_as or run.name, LIMIT, row.figure)
    if not plain or not row.crypto:
        return None
    return statistics.median(plain) + crypto(found, row.crypto)


def ends(found, run, proxy):
    """How the sessions of all rounds ended: (clean, all, {kind: number} of the others)."""
    others, clean = {}, 0
    for each in _runs(found, run, proxy):
        kinds = dict(each["ends"])
        clean += kinds.pop("clean")
        for kind, number in kinds.items():
            if number:
                others[kind] = others.get(kind, 0) + number
    return clean, clean + sum(others.values()), others


def is_valid(found, row, proxy):
    """False if what was measured is not what was asked for: bytes lost, sessions not resumed."""
    runs = _runs(found, row.run, proxy)
    return all(each["complete"] and each["bytes_right"] for each in runs) and (
        "resumed" not in row.run or all(each["resumed"] >= 0.99 * each["units"] for each in runs))


def rows(found):
    """A dict for each row that was measured."""
    names = list(dict.fromkeys(each["proxy"] for each in found["runs"]))
    result = []
    for row in ROWS:
        proxies = {}
        for name in names:
            figures = _figures(found, row.run, name, row.figure)
            if figures and name != LIMIT:
                clean, total, others = ends(found, row.run, name)
                proxies[name] = {"median": statistics.median(figures), "least": min(figures),
                                 "most": max(figures), "clean": clean, "total": total,
                                 "others": others, "is_valid": is_valid(found, row, name)}
        if OURS not in proxies:
            continue
        peers = {name: each["median"] for name, each in proxies.items()
                 if name != OURS and each["is_valid"]}
        best = min(peers, key=peers.get) if peers else None
        bound = limit(found, row)
        ours = proxies[OURS]["median"]
        result.append({
            "row": row, "proxies": proxies, "best": best, "limit": bound,
            "to_best": ours / peers[best] if best else None,
            "to_limit": ours / bound if bound else None})
    return result


def is_met(entry):
    """True if the row's goals are met, None if they cannot be told."""
    row = entry["row"]
    if entry["to_best"] is None or (row.goal_limit and entry["to_limit"] is None):
        return None
    return entry["to_best"] <= row.goal_best and (
        not row.goal_limit or entry["to_limit"] <= row.goal_limit)


def latencies(found):
    """[(run, proxy, {p50: median, …})] of the loads with messages."""
    result = []
    for run in LATENCIES:
        for name in dict.fromkeys(each["proxy"] for each in found["runs"]):
            each = [one["latency_us"] for one in _runs(found, run, name) if "latency_us" in one]
            if each:
                result.append((run, name, {which: statistics.median(one[which] for one in each)
                                           for which in each[0]}))
    return result


def noise(found):
    """How much of the machine went to others: (median, most) of cores, for each run."""
    others = [max(0.0, each["machine_cpu_seconds"] + each["stolen_seconds"] - each["cpu_seconds"] -
                  each["generator_cpu_seconds"]) / max(each["wall_seconds"], 0.01)
              for each in found["runs"] if "failure" not in each and each["wall_seconds"] > 0.2]
    return (statistics.median(others), max(others)) if others else (0.0, 0.0)


def shares(found):
    """How much of its core the proxy used, and how much the generator: medians of the runs."""
    runs = [each for each in found["runs"] if "failure" not in each and each["wall_seconds"] > 0.2]
    return tuple(statistics.median(each[key] / each["wall_seconds"] for each in runs)
                 if runs else 0.0 for key in ("cpu_seconds", "generator_cpu_seconds"))


def number(value):
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def text(found):
    lines = []
    for entry in rows(found):
        row = entry["row"]
        bound = f", limit {number(entry['limit'])}" if entry["limit"] else ""
        lines.append(f"\n{row.title} ({row.unit}{bound})")
        for name, each in sorted(entry["proxies"].items(), key=lambda pair: pair[1]["median"]):
            ratios = ""
            if entry["best"]:
                best = entry["proxies"][entry["best"]]["median"]
                ratios += f"  {each['median'] / best:5.2f} of the best peer"
            if entry["limit"]:
                ratios += f"  {each['median'] / entry['limit']:5.2f} of the limit"
            clean = f"  clean {each['clean']}/{each['total']}"
            others = "".join(f" {kind} {count}" for kind, count in each["others"].items())
            remark = "" if each["is_valid"] else "  (not what was asked for: does not count)"
            lines.append(f"  {name:14} {number(each['median']):>7}  {number(each['least'])}.."
                         f"{number(each['most'])}{ratios}{clean}{others}{remark}")
    lines.append("\nlatency of a message, µs          p50      p99    p99.9")
    for run, name, each in latencies(found):
        lines.append(f"  {run:12} {name:14} " + " ".join(f"{value:8.0f}" for value in each.values()))
    lines.append("\nother processes used %.2f cores (median of the runs; at most %.2f)" % noise(found))
    lines.append("the proxy used %.2f of its core, the generator %.2f (medians)" % shares(found))
    return "\n".join(lines)
