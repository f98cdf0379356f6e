"""docs/comparison.md from the results of a run; the words are in page.md."""

import collections
import datetime
import os
import pathlib
import platform
import string

from groups import CHOICES, group
from proxies import options_of

PEERS = "../bench/endings/peers"

TEMPLATE = pathlib.Path(__file__).with_name("page.md")


def page(proxies, chapters, rows, results, facts, broken):
    matrix = [_matrix(chapter.name, part, proxies, results) for chapter in chapters
              if (part := [row for row in chapter.rows if row in rows])]
    seen = [_seen(row, proxies, results) for row in rows if _failed_by(row, proxies, results)]
    return string.Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        facts, versions=_versions(proxies, facts), score=_score(proxies, rows, results),
        never=_never(proxies, rows, results, broken),
        where_better=_where_better(proxies, rows, results), outages=_outages(proxies, results),
        matrix="".join(matrix),
        seen="".join(seen))


def facts_of(rounds, minutes, limit, parallel, proxies, in_pieces=False):
    """What the page says of the run itself."""
    pieces = (", in several pieces; rows of which other programs\n  had kept too much time were played "
              "again" if in_pieces else "")
    return {"pieces": pieces, "rounds": rounds, "minutes": max(1, round(minutes)), "limit": f"{limit:g}",
            "parallel": parallel, "date": datetime.date.today().isoformat(),
            "machine": f"{os.cpu_count()} cores, Linux "
                       f"{'.'.join(platform.release().split('.')[:2])}, Debian 12",
            "command": f"bench/endings/run --rounds {rounds}",
            "versions": {proxy.name: proxy.version() for proxy in proxies}}


def _versions(proxies, facts):
    def line(proxy):
        template = getattr(proxy, "template", None)
        files = (f"[{template}.cfg]({PEERS}/{template}.cfg)" if template else
                 "the defaults, and the options that the rows name")
        if template and template != "hitch":
            listener = f"{template}-listener.cfg"
            files += f", for each listener [{listener}]({PEERS}/{listener})"
        note = {"nginx": ", `proxy_half_close off` (the default)",
                "nginx half-close": ", `proxy_half_close on`"}.get(proxy.name, "")
        return f"| {proxy.name} | {facts['versions'][proxy.name]} | {files}{note} |"
    return "\n".join(map(line, proxies))


# --- counting -------------------------------------------------------------------------------------

def _passed(found):
    return bool(found) and not any(result["failures"] for result in found)


def _failed_by(row, proxies, results):
    return [proxy for proxy in proxies if results[proxy.name].get(row.id)
            and not _passed(results[proxy.name][row.id])]


def _score(proxies, rows, results):
    lines = []
    for proxy in proxies:
        count = collections.Counter()
        for row in rows:
            kind, found = group(row, proxies), results[proxy.name].get(row.id)
            count[kind, "missing" if not found else "passed" if _passed(found) else "failed"] += 1
        def of(kind):
            return f"{count[kind, 'passed']} of {count[kind, 'passed'] + count[kind, 'failed']}"
        lines.append(f"| {proxy.name} | {of('scored')} | {of('option')} "
                     f"| {count['option', 'missing']} |")
    return "\n".join(lines)


def _never(proxies, rows, results, broken):
    played = results.get("Ferrule", {})
    ferrule = [row.id for row in rows if row.id in played and not _passed(played[row.id])]
    left = [row.id for row in rows if not _failed_by(row, proxies, results)]
    words = ["Ferrule passed every row, every time." if not ferrule else
             f"**Ferrule failed {', '.join(ferrule)}**: see below."]
    words.append(f"A row that no proxy can fail says nothing. {len(rows) - len(left)} of the "
                 f"{len(rows)} rows were failed by some proxy. The\nothers were played once "
                 "against proxies that break the rules on purpose "
                 "(`bench/endings/broken.py`):")
    for name, found in broken.items():
        failed = [row for row in left if row in found and not _passed(found[row])]
        left = [row for row in left if row not in failed]
        words.append(f"- {name}, failed:\n  {_wrapped(failed)}")
    words.append(f"- not shown to be able to fail: {_wrapped(left)}")
    return "\n" + "\n\n".join(words[:2]) + "\n\n" + "\n".join(words[2:]) + "\n"


def _wrapped(ids):
    lines = [", ".join(ids[start:start + 18]) for start in range(0, len(ids), 18)]
    return ",\n  ".join(lines) if lines else "none"


def _where_better(proxies, rows, results):
    lines = []
    for row in rows:
        found = results.get("Ferrule", {}).get(row.id)
        names = [proxy.name for proxy in proxies if _passed(results[proxy.name].get(row.id))]
        if found and not _passed(found) and names:
            lines.append(f"- {row.id}, which Ferrule failed, was passed by {', '.join(names)}.\n")
    return "".join(lines)


# --- death, stall, drain --------------------------------------------------------------------------

def _outages(proxies, results):
    """One line for each proxy: what the rows of outages.py saw and measured."""
    lines = []
    for proxy in proxies:
        found = results[proxy.name]
        stalls = [found[row] for row in ("O9", "O10", "O11") if found.get(row)]
        stall = f"{sum(map(_passed, stalls))} of {len(stalls)}" if stalls else "has no idle time"
        lines.append("| " + " | ".join([
            proxy.name, _saw(found.get("R182"), "backend"), _saw(found.get("R183"), "client"), stall,
            _measured(found.get("O15"), "idle_gone", " s", "no graceful stop"),
            _saw(found.get("O16"), "client"), _measured(found.get("O16"), "exit_code", "")]) + " |")
    return "\n".join(lines)


def _saw(found, who):
    """The ends that this side saw, the most frequent first."""
    words = collections.Counter(
        note.partition("saw: ")[2] for result in found or [] for note in result["notes"]
        if note.startswith(f"{who} saw: "))
    return " or ".join(word for word, _ in words.most_common()) or "-"


def _measured(found, name, unit, otherwise="-"):
    """From the least to the most that was measured."""
    values = [result["facts"][name] for result in found or []
              if result.get("facts", {}).get(name) is not None]
    if not values:
        return "not within 40 s" if found else otherwise
    least, most = round(min(values)), round(max(values))
    return f"{least}{unit}" if least == most else f"{least} to {most}{unit}"


# --- the matrix -----------------------------------------------------------------------------------

def _matrix(name, rows, proxies, results):
    lines = [f"\n### {name[0].upper()}{name[1:]}\n",
             f"| row | {' | '.join(proxy.name for proxy in proxies)} |",
             f"| --- |{' --- |' * len(proxies)}"]
    for row in rows:
        mark = {"option": " (o)", "choice": " (c)"}.get(group(row, proxies), "")
        cells = [_cell(results[proxy.name].get(row.id)) for proxy in proxies]
        lines.append(f"| {row.id}{mark} {row.title} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(found):
    if not found:
        return "no option"
    right = sum(not result["failures"] for result in found)
    return "pass" if right == len(found) else f"**{right} of {len(found)}**"


# --- what was seen --------------------------------------------------------------------------------

def _seen(row, proxies, results):
    lines = [f"\n### {row.id}: {row.title}\n", f"- given: {row.given}",
             f"- expected: the client sees: {row.client}. The backend sees: {row.backend}."]
    if row.id in CHOICES:
        lines.append(f"- not scored: {CHOICES[row.id]}")
    names = sorted(options_of(row))
    without = [proxy.name for proxy in proxies if not results[proxy.name].get(row.id)]
    if without and names:
        options = ", ".join(f"`{name}`" if "." in name else name for name in names)
        lines.append(f"- needs the like of {options}; no such option: {', '.join(without)}")
    for proxy in _failed_by(row, proxies, results):
        found = results[proxy.name][row.id]
        right = sum(not result["failures"] for result in found)
        lines.append(f"- {proxy.name}, {right} of {len(found)}: {_failure(found)}")
    return "\n".join(lines) + "\n"


def _failure(found):
    """The most common failure, with what both sides saw."""
    words = collections.Counter()
    for result in found:
        if result["failures"]:
            notes = [note for note in dict.fromkeys(result["notes"])
                     if not note.startswith("try ")][:3]
            words["; ".join([result["failures"][0], *notes])] += 1
    text = words.most_common(1)[0][0].replace("|", "\\|").replace("\n", " ")
    return text.replace("TLS error ", "TLS error: ")
