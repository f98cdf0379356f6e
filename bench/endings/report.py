"""docs/comparison.md from the results of a run."""

import collections
import datetime
import os
import platform

from groups import CHOICES, group
from proxies import options_of

PEERS = "../bench/endings/peers"

INTRODUCTION = """# Side by side

How Ferrule and four other proxies of Debian 12 end connections, seen from outside. This page is written
by a program from one run; the words that do not depend on the run stand in `bench/endings/report.py`.

    {command}

Each row plays a client and a backend through a proxy, as Ferrule's own tests do (`tests/system/endings`; the
rules are in [endings.md](endings.md#rules)), and looks at what the two saw: bytes, close_notify, alerts, FIN,
RST. Ferrule's log and metrics count for nothing here. When both sides have had their say, the proxy must also have
let go of both connections within {limit} s. Each row was played {rounds} times with each TLS version that it is
about; it is passed if every single time was right. Rows run {parallel} at a time.

- Date: {date}. It took {minutes} minutes. Machine: {machine}; other programs were busy on it at the same time.
- Where a row is about a time, all proxies that have one for it got the same; stunnel counts in whole seconds,
  so it got the next one. All other times are Ferrule's defaults, for all proxies: handshake 10 s, connect 5 s, idle
  10 min, a silent client after the end 5 s, a silent backend after the client's end 60 s.
- The rows are Ferrule's own, and so is the judgement. They follow RFC 8446 6.1 (an end has to be told from a
  truncation) and RFC 9293 3.6 (and a close from an abort). The peers aim at other things, too, and it is no fault
  of theirs that a program which was made for these rows passes them.

| proxy | version | configuration |
| --- | --- | --- |
{versions}
"""

SCORE = """
## Score

**Scored** are the rows that every proxy here can be configured for and about which the standards say what is right.
**With an option** are rows about an option that not all have; a proxy is judged only on those that it has
("passed of those it has an option for"). **Choices** are rows where other behaviour is right as well; they are
shown, and nobody is judged by them.

| proxy | scored: passed | with an option: passed | has no such option |
| --- | --- | --- | --- |
{score}
"""

BETTER = """
## Why they fail

Rows are not independent; most failures of a proxy have one of a few reasons.

- All four tell a client that its backend has reset (R20 to R25) or cannot be reached (R50 to R53; not stunnel) by
  an ordinary end, in most cases with a close_notify, and all four tell a backend that its client was cut off
  without a close_notify (R30 to R32) by a FIN.
- nginx by default ends the session at the first end; with `proxy_half_close on` it never says close_notify, so it
  fails every row in which one is expected, though all bytes arrive.
- hitch ends the session at the first end, too.
- stunnel says close_notify at once, but the FIN only when the client has answered or `TIMEOUTclose` has passed. In R4,
  R5, R36, R37 and R81 the client waits for the FIN before it goes on, and then comes too late; R147 is the same
  without that wait.
- HAProxy's own ends (R80, R93, R115, R116, R120) are a FIN for the backend, although the client did not end.

## What the others do better

- All four are older, run in many more places, and do much that Ferrule does not: HAProxy and nginx choose a
  backend by server name, check the health of backends, speak TLS to them and look into HTTP; stunnel
  verifies client certificates and speaks the STARTTLS of several protocols; hitch sends the PROXY protocol and
  staples OCSP responses. Ferrule has none of these.
- HAProxy carries a half-close both ways without being asked to, and bounds each side of it by an option of its own
  (`timeout client-fin`, `timeout server-fin`). It also tries a backend that refuses again, three times with a
  second between, where Ferrule tells the client at once.
- nginx ends everything at the first end unless told otherwise: for protocols in which nobody half-closes,
  nothing then waits for the other side.
- stunnel resets the client if there is no backend, and in the middle of a transfer that stalls.
- hitch does little and holds little: a session is gone at once when one side has ended.
- For a protocol that marks its own end, such as HTTP with Content-Length, most failures here cost nothing: the
  client notices by itself. They matter where the end of the stream is the end of the message, and for whoever has
  to find out afterwards what happened.
{where_better}"""


def page(proxies, chapters, rows, results, facts):
    chosen = {row.id for row in rows}
    parts = [_introduction(proxies, facts), SCORE.format(score=_score(proxies, rows, results)),
             _never(proxies, rows, results),
             BETTER.format(where_better=_where_better(proxies, rows, results)), _matrix_words()]
    for chapter in chapters:
        part = [row for row in chapter.rows if row.id in chosen]
        if part:
            parts.append(_matrix(chapter.name, part, proxies, results))
    parts.append("\n## What was seen\n\nFor each row that somebody failed: what was given, what "
                 "was expected, and what came instead, in the\nwords of the most common "
                 "failure. `-`: that side is not looked at.\n")
    parts += [_seen(row, proxies, results) for row in rows if _failed_by(row, proxies, results)]
    return "".join(parts)


def facts_of(rounds, duration, limit, parallel, proxies):
    """What the page says of the run itself."""
    return {"rounds": rounds, "minutes": max(1, round(duration / 60)), "limit": f"{limit:g}",
            "parallel": parallel, "date": datetime.date.today().isoformat(),
            "machine": f"{os.cpu_count()} cores, Linux "
                       f"{'.'.join(platform.release().split('.')[:2])}, Debian 12",
            "command": f"bench/endings/run --rounds {rounds}",
            "versions": {proxy.name: proxy.version() for proxy in proxies}}


def _introduction(proxies, facts):
    def line(proxy):
        template = getattr(proxy, "template", None)
        files = (f"[{template}.cfg]({PEERS}/{template}.cfg)" if template else
                 "the defaults, and the options that the rows name")
        if template and template != "hitch":
            files += f", for each listener [{template}-listener.cfg]({PEERS}/{template}-listener.cfg)"
        note = {"nginx": ", `proxy_half_close off` (the default)",
                "nginx half-close": ", `proxy_half_close on`"}.get(proxy.name, "")
        return f"| {proxy.name} | {facts['versions'][proxy.name]} | {files}{note} |"
    return INTRODUCTION.format(**{**facts, "versions": "\n".join(map(line, proxies))})


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


def _never(proxies, rows, results):
    ferrule = [row.id for row in rows if not _passed(results["Ferrule"].get(row.id))]
    nobody = [row.id for row in rows if not _failed_by(row, proxies, results)]
    words = ("Ferrule passed every row, every time." if not ferrule else
             f"**Ferrule failed {', '.join(ferrule)}**: see below.")
    return (f"\n{words}\n\nRows that no proxy failed, so that this page does not show that they can "
            f"be failed\n({len(nobody)} of {len(rows)}): {_wrapped(nobody)}.\n")


def _wrapped(ids):
    lines = [", ".join(ids[start:start + 18]) for start in range(0, len(ids), 18)]
    return ",\n".join(lines) if lines else "none"


def _where_better(proxies, rows, results):
    lines = []
    for row in rows:
        found = results["Ferrule"].get(row.id)
        names = [proxy.name for proxy in proxies if _passed(results[proxy.name].get(row.id))]
        if found and not _passed(found) and names:
            lines.append(f"- {row.id}, which Ferrule failed, was passed by {', '.join(names)}.\n")
    return "".join(lines)


# --- the matrix -----------------------------------------------------------------------------------

def _matrix_words():
    return ("\n## The matrix\n\n`pass`: right every time. `3 of 10`: right three times out of ten. "
            "`no option`: the proxy cannot be configured for\nthe row. Rows with (o) are about "
            "an option, those with (c) about a choice; the others are scored.\nRows O1 to O8 are of this comparison alone (`bench/endings/operations.py`).\n")


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
