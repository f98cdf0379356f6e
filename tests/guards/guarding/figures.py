"""figures.toml: what was measured, how far from it is still the same, and what it protects.

With FERRULE_UPDATE_FIGURES=1 the figures are written anew instead of checked, as a golden test's
file is; `limits` are promises and are never written.
"""

import fcntl
import os
import pathlib
import re
import tomllib

PATH = pathlib.Path(__file__).resolve().parent.parent / "figures.toml"
UPDATES = bool(os.environ.get("FERRULE_UPDATE_FIGURES"))

ADVICE = """\
  {protects}
  Who may move it: {moves}
  If it is meant to move: FERRULE_UPDATE_FIGURES=1 ctest --preset release -L guards, look at the
  diff of tests/guards/figures.toml, and say in the commit what is paid or won, and why."""


TRIES = 3


def check(measure):
    """Raises AssertionError unless all that `measure()` finds, {guard: {key: number for each unit}},
    is as written. Measures up to three times: on a machine that is busy the peers' kernel acknowledges
    later, and bulk comes in smaller pieces; what a change costs is there each time."""
    for _ in range(TRIES):
        failures = [failure for name, found in measure().items() for failure in _judge(name, found)]
        if not failures:
            return
    raise AssertionError("\n".join(failures))


def check_once(name, found):
    """The same for what cannot be measured again."""
    if failures := _judge(name, found):
        raise AssertionError("\n".join(failures))


def _judge(name, measured):
    print(f"{name}: " + ", ".join(f"{key} {_text(value)}" for key, value in measured.items()))
    guard = tomllib.loads(PATH.read_text())[name]
    if UPDATES and "figures" in guard:
        _write(name, measured)
        return []
    found = _departures(guard, measured)
    if not found:
        return []
    advice = ADVICE.format(protects=" ".join(guard["protects"].split()),
                           moves=" ".join(guard["moves"].split()))
    return [f"guard {name} ({guard['unit']}):", *found, advice]


def _departures(guard, measured):
    found = []
    for key, limit in guard.get("limits", {}).items():
        if measured[key] > limit:
            found.append(f"  {key}: {_text(measured[key])}, the limit is {limit}")
    figures = guard.get("figures", {})
    # A kind of system call that was never made has no figure: it is 0.
    for key in [*figures, *(key for key in measured if figures and key not in figures)]:
        figure, value = figures.get(key, 0), measured.get(key, 0)
        slack = max(guard.get("slack", 0), figure * guard.get("percent", 0) / 100)
        allowed = f"the figure is {_text(figure)} +- {_text(slack)}"
        if value > figure + slack:
            found.append(f"  {key}: {_text(value)} is too much, {allowed}")
        elif value < figure - slack and guard.get("may_fall", False) is False:
            found.append(f"  {key}: {_text(value)} is less than before, {allowed}: write it down, "
                         "or the next change may spend what this one has won")
    return found


def _text(number):
    return f"{number:.0f}" if abs(number) >= 1000 else f"{number:.2f}".rstrip("0").rstrip(".")


def _write(name, measured):
    lines = [f"{key} = {_text(value)}\n" for key, value in sorted(measured.items())
             if _text(value) != "0"]
    with open(PATH, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the guards may run side by side
        text = file.read()
        fresh = re.sub(rf"(?m)^(\[{re.escape(name)}\.figures\]\n)(?:\w+ = .*\n)*",
                       lambda match: match[1] + "".join(lines), text)
        file.seek(0)
        file.truncate()
        file.write(fresh)
