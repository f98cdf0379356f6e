"""Plants bugs in a copy of the daemon, one at a time, and shows that the simulation finds each (or,
where no session can show it, the walk through every state of `ending` or the unit tests of sessions):

    python3 tests/simulation/mutations.py [--sessions N] [--only WORD] [--build FOLDER]

Prints a table: the bug, the rule that found it, after how many sessions. Exit code 1 if a bug was
not found, or if the sessions without a bug are not clean. Takes some minutes; not part of CI.
"""

import argparse
import filecmp
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# name, file, text, text with the bug. Those with a number are faults that Ferrule once had.
BUGS = [
    # --- ends that are told -----------------------------------------------------------------------
    ("a finish before the delivery", "session/peer.cpp",
     """        if (!unsent_.empty())
            return handed::kept;
    }
    //""",
     """    }
    //"""),
    ("an abort before the delivery", "ending/next_step.cpp",
     "    if (into.unacked)\n        return {need::wait, patience::stall, true};\n"
     "    return {next,",
     "    return {next,"),
    ("a second cause overwrites the first", "ending/noting.cpp",
     "    if (now.first == cause::none)\n        now.first = why;",
     "    if (now.first == cause::none || now.second == cause::none)\n"
     "        now.second = now.first, now.first = why;"),
    ("a truncated source is taken for a clean one", "session/tls_transport.cpp",
     "    case net::read_state::fin: return ending::source::truncated;",
     "    case net::read_state::fin: return ending::source::clean;"),
    ("close_notify after a backend's reset", "ending/facts.cpp",
     "    case source::reset: return is_forgiven_reset(now, manners, other(who));",
     "    case source::reset: return who == side::client ||\n"
     "               is_forgiven_reset(now, manners, other(who));"),
    ("a record that was cut is forgiven", "ending/facts.cpp",
     "now.to_backend.from == how && !now.torn &&",
     "now.to_backend.from == how &&"),
    ("a client's reset is passed on as a FIN", "ending/facts.cpp",
     "           manners.on_client_reset == client_policy::fin;",
     "           true;"),
    ("a reset does not stop the other source", "ending/observe.cpp",
     "    cut(others);\n    now.polite = how == source::reset",
     "    if (how != source::reset)\n        cut(others);\n    now.polite = how == source::reset"),
    ("a failed write is acted on before the side is read out", "session/observe.cpp",
     "        note_gone(now, to);\n        observe_sink_lost(now, to);",
     "        observe_end(now, to, source::reset);"),
    ("a clean end of one flow ends the other", "ending/observe.cpp",
     "        if (manners.half_close == half_close::close) {",
     "        if (manners.half_close <= half_close::close) {"),
    ("a socket is closed with bytes of it unread", "ending/next_step.cpp",
     "    const bool peer_has_ended = from_peer.answered || is_answered;",
     "    const bool peer_has_ended = from_peer.answered || is_answered || true;"),
    ("a release resets", "net/socket.cpp",
     "        set_linger(descriptor_, false);",
     "        ;"),
    ("a reset that the kernel does not send is told", "session/closing.cpp",
     "    if (now.peer_of(who).socket().can_tell_abort())\n        return decided;",
     "    if (now.peer_of(who).socket().can_tell_abort() || true)\n        return decided;"),
    # --- bounds -----------------------------------------------------------------------------------
    ("`deadline` is never armed", "session/closing.cpp",
     "    if (!ending::is_closing(now.facts) || now.bounds.deadline != bounds::never)",
     "    if (!ending::is_closing(now.facts) || now.bounds.deadline == bounds::never)"),
    ("the linger is not bounded", "ending/observe_own.cpp",
     "        now.client.lingered = true;\n        now.backend.lingered = true;\n", ""),
    ("the half-close bound is not kept", "ending/observe_own.cpp",
     "        proxy_ended(now, manners, cause::half_close_timeout, false);\n",
     ""),
    ("the wait for close_notify is not bounded", "ending/next_step.cpp",
     "        return wait_for(is_client ? patience::close_notify : running_bound(now));",
     "        return wait_for(patience::idle);"),
    ("a bound is restarted by every wait", "session/bounds.cpp",
     "    if (is_other || !is_set || (progress && !is_absolute(decided.bound))) {",
     "    if (is_other || !is_set || true) {"),
    ("the drain's cut is ignored", "session/own_ends.cpp",
     "        until.cut = until.ask = bounds::never;\n        end(cause::drain);",
     "        until.cut = until.ask = bounds::never;\n        break;"),
    ("the drain's cut of a closing session is ignored", "session/bounds.cpp",
     "    deadline = std::min(deadline, now + cut_grace);",
     "    deadline = deadline + (now - now);"),
    ("a bound asks for acknowledgements only at its end", "session/bounds.cpp",
     "    if (!waits_for_sink && !ending::has_waiting_bytes(known) &&", "    if (!waits_for_sink &&"),
    # --- bytes and words --------------------------------------------------------------------------
    ("a lost byte is not counted", "session/journal.cpp",
     "    lost(which, what.unsent);",
     "    lost(which, what.unsent - (what.unsent > 0 ? 1 : 0));"),
    ("what dies with our RST is not counted", "session/journal.cpp",
     "        lost(which, what.in_kernel);",
     "        ;"),
    ("a byte that is not acknowledged is not counted", "session/journal.cpp",
     "        at(story_.unconfirmed, which) += what.in_kernel;",
     "        at(story_.unconfirmed, which) += what.in_kernel > 0 ? 1 : 0;"),
    ("unconfirmed is told as clean", "ending/outcome.cpp",
     "    if (unconfirmed)\n        return outcome::unconfirmed;\n", ""),
    ("a side that was cut is told as clean", "ending/outcome.cpp",
     "(from_peer.from == source::cut && from_peer.answered)",
     "from_peer.from == source::cut"),
    ("a reset of ours is told as clean", "ending/outcome.cpp",
     "    return into.to == sink::finished || into.to == sink::gone;",
     "    return into.to != sink::open;"),
    ("never write_stalled", "ending/observe_own.cpp",
     "has_waiting_bytes(now) ? cause::write_stalled : cause::idle_timeout",
     "has_waiting_bytes(now) ? cause::idle_timeout : cause::idle_timeout"),
    # --- ends of ours -----------------------------------------------------------------------------
    ("a kill is polite to a busy session", "session/own_ends.cpp",
     "    ending::proxy_ended(state_.facts, state_.rules(), why, is_quiet(state_, false));",
     "    ending::proxy_ended(state_.facts, state_.rules(), why, true);"),
    ("a kill is rude though the operator says notify", "ending/observe_own.cpp",
     "    now.polite = manners.on_proxy_end == proxy_policy::notify;",
     "    now.polite = false;"),
    ("a vanished peer passes for a quiet one", "session/activity.cpp",
     "    return !ending::has_waiting_bytes(now.facts) && are_peers_there(now);",
     "    return !ending::has_waiting_bytes(now.facts);"),
    # --- what Ferrule once did --------------------------------------------------------------------
    ("A1: half a handshake message and close_notify are a clean end", "tls/channel.cpp",
     "        if (result.progress == read_progress::close_notify && has_begun_message()) {",
     "        if (result.progress == read_progress::close_notify && false) {"),
    ("A1: the channel trusts OpenSSL to say what it is told to", "tls/channel.cpp",
     "    if (now != saying::mute || !established_)\n        return now;",
     "    if (now == saying::mute)\n        std::abort();\n    return now;"),
    ("A2: a connection to a server is not armed", "net/socket.cpp",
     "    if (!to.is_unix())\n        arm(descriptor);\n", ""),
    ("A3: after a stall, time counts before what has come", "session/session.cpp",
     "    if (has_unread(state_))\n        look_around();\n    observe_acknowledgements(state_);\n",
     ""),
    ("A4: half_close_timeout calls an answer complete", "ending/observe_own.cpp",
     "    now.polite = manners.on_proxy_end == proxy_policy::notify;",
     "    now.polite = manners.on_proxy_end != proxy_policy::reset;"),
    ("A4: what moved lately is quiet", "session/activity.cpp",
     "!was_idle && (!is_silent || now.activity.owes_answer())",
     "!was_idle && now.activity.owes_answer()"),
    ("A9: a failure of TLS is told by a FIN alone", "ending/next_step.cpp",
     "        return now.alerted;", "        return true;"),
    ("A9: a failure of TLS has no alert", "tls/channel.cpp",
     "    if (finished_ || was_alerted_)\n        return;",
     "    if (finished_ || was_alerted_ || established_)\n        return;"),
    ("A12: half a record counts as no progress", "session/activity.cpp",
     "        moved += each.socket().received() + each.socket().sent();",
     "        moved += &each == &peers[0] ? 0 : each.socket().received() + each.socket().sent();"),
    ("A13: a goodbye that TLS does not say counts as said", "session/closing.cpp",
     "        observe_tls_failure(now);\n        return;\n",
     "        say(now, what);\n        observe_handed(now, who, sink.truncate());\n        return;\n"),
]


def places_of(bug, root):
    """How often the text that a bug replaces is there; it has to be once."""
    return (root / "daemon" / bug[1]).read_text(encoding="utf-8").count(bug[2])


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def build(folder, target="simulation"):
    done = run(["ninja", "-j1", "-C", str(folder), target])
    if done.returncode != 0:
        sys.exit("the copy does not build:\n" + done.stdout[-3000:])


def simulate(folder, sessions):
    """(sessions until the first violation or None, its rule, its words)"""
    try:
        done = run([str(folder / "tests" / "simulation"), "--sessions", str(sessions)],
                   timeout=1800)
    except subprocess.TimeoutExpired:
        return None, "-", "timeout"
    if done.returncode == 0:
        return None, "-", "nothing"
    found = re.search(r"(?m)^VIOLATION (E\d): (.*)$", done.stdout)
    after = re.search(r"(?m)^found after (\d+) sessions$", done.stdout)
    if not found or not after:
        return 0, "CHECK", (done.stderr.strip().splitlines() or ["it stopped"])[-1]
    return int(after.group(1)), found.group(1), found.group(2)


def walk(folder):
    """The same for what no session can show: the walk through every state and the tables beside it."""
    build(folder, "ending_tests")
    done = run([str(folder / "tests" / "ending_tests"), "--gtest_brief=1"])
    found = re.search(r"(?m)^\[  FAILED  \] ([\w/.]+)", done.stdout)
    return (0, "the walk", found.group(1)) if found else (None, "-", "nothing")


def unit_tests(folder):
    """The same for what takes two things in the same moment: the unit tests of sessions."""
    build(folder, "session_tests")
    done = run([str(folder / "tests" / "session_tests"), "--gtest_brief=1"])
    found = re.search(r"(?m)^\[  FAILED  \] ([\w/.]+)", done.stdout)
    return (0, "a test", found.group(1)) if found else (None, "-", "nothing")


def copy_if_changed(source, target):
    """What did not change since is not compiled again; what was mended is, whatever its time."""
    if not os.path.exists(target) or not filecmp.cmp(source, target, shallow=False):
        shutil.copy(source, target)
    return target


def take_over(tree):
    ignored = shutil.ignore_patterns("build", ".git", "__pycache__")
    for old in tree.rglob("*"):
        kept = old.relative_to(tree)
        if kept.parts[0] != "build" and old.is_file() and not (ROOT / kept).exists():
            old.unlink()
    shutil.copytree(ROOT, tree, ignore=ignored, symlinks=False, dirs_exist_ok=True,
                    copy_function=copy_if_changed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--clean-sessions", type=int, default=2_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--flags", default="-O1", help="for the compiler")
    parser.add_argument("--build", help="a folder to copy and build in, kept for the next time")
    asked = parser.parse_args()
    chosen = [bug for bug in BUGS if asked.only in bug[0]]
    place = pathlib.Path(asked.build or tempfile.mkdtemp(prefix="mutations."))
    tree = place / "tree"
    folder = tree / "build" / "m"
    tree.mkdir(parents=True, exist_ok=True)
    take_over(tree)
    made = run(["cmake", "-S", str(tree), "-B", str(folder), "-G", "Ninja",
                "-DCMAKE_BUILD_TYPE=Debug", f"-DCMAKE_CXX_FLAGS_DEBUG={asked.flags}",
                "-DFERRULE_WERROR=OFF"])
    if made.returncode != 0:
        sys.exit(made.stderr)
    build(folder)
    after, rule, words = simulate(folder, asked.clean_sessions)
    if after is not None:
        sys.exit(f"not clean without a bug: {rule}: {words}")
    missed = 0
    print("| bug | found by | after sessions | as |\n| --- | --- | --- | --- |", flush=True)
    for bug in chosen:
        name, file, right, wrong = bug
        path = tree / "daemon" / file
        text = path.read_text(encoding="utf-8")
        if places_of(bug, tree) != 1:
            sys.exit(f"{name}: its place in daemon/{file} is there {places_of(bug, tree)} times")
        path.write_text(text.replace(right, wrong), encoding="utf-8")
        try:
            build(folder)
            after, rule, words = simulate(folder, asked.sessions)
            if after is None:
                after, rule, words = walk(folder)
            if after is None:
                after, rule, words = unit_tests(folder)
        finally:
            path.write_text(text, encoding="utf-8")
        missed += after is None
        print(f"| {name} | {rule} | {'not found' if after is None else after} | {words} |",
              flush=True)
    if not asked.build:
        shutil.rmtree(place)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
