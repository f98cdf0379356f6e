"""Plants bugs in a copy of the daemon, one at a time, and shows that the simulation finds each:

    python3 tests/simulation/mutations.py [--sessions N] [--only WORD] [--build FOLDER]

Prints a table: the bug, the rule that found it, after how many sessions. Exit code 1 if a bug was
not found, or if the sessions without a bug are not clean. Takes some minutes; not part of CI.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# name, file, text, text with the bug
BUGS = [
    ("a finish before the drain", "session/backend_peer.cpp",
     """        if (!unsent_.empty())
            return handed::kept;
    }
    if (fin_due_""",
     """    }
    if (fin_due_"""),
    ("an abort before the drain", "ending/next_step.cpp",
     "    if (into.unacked)\n        return {need::wait, patience::drain, true};\n"
     "    return {next,",
     "    return {next,"),
    ("`deadline` is never armed", "session/closing.cpp",
     "    if (ending::is_closing(facts_) && deadline_at_ == never)",
     "    if (ending::is_closing(facts_) && deadline_at_ != never)"),
    ("a second cause overwrites the first", "ending/observe.cpp",
     "    if (now.first == cause::none)\n        now.first = why;",
     "    if (now.first == cause::none || now.second == cause::none)\n"
     "        now.second = now.first, now.first = why;"),
    ("a truncated source is taken for a clean one", "session/client_peer.cpp",
     "    case net::read_state::fin: return ending::source::truncated;",
     "    case net::read_state::fin: return ending::source::clean;"),
    ("a lost byte is not counted", "session/closing.cpp",
     "    lost_[direction_to(who)] += missing.unsent;",
     "    lost_[direction_to(who)] += missing.unsent - (missing.unsent > 0 ? 1 : 0);"),
    ("what dies with our RST is not counted", "session/closing.cpp",
     "        lost_[direction_to(who)] += missing.in_kernel;",
     "        ;"),
    ("close_notify after a backend's reset", "ending/facts.cpp",
     "    case source::reset: return is_forgiven_reset(now, manners, other(who));",
     "    case source::reset: return who == side::client ||\n"
     "               is_forgiven_reset(now, manners, other(who));"),
    ("close_notify for a backend that never was", "ending/facts.cpp",
     "    case source::failed: return false;",
     "    case source::failed: return who == side::client;"),
    ("the linger is not bounded", "ending/observe.cpp",
     "        now.client.lingered = true;\n        now.backend.lingered = true;\n        break;",
     "        break;"),
    ("the half-close bound is not kept", "ending/observe.cpp",
     "    case patience::half_close: proxy_ended(now, manners, cause::half_close_timeout, quiet); "
     "break;",
     "    case patience::half_close: break;"),
    ("the wait for close_notify is not bounded", "ending/next_step.cpp",
     "        return wait_for(is_client ? patience::close_notify : patience::half_close);",
     "        return wait_for(patience::idle);"),
    ("a bound is restarted by every wait", "session/waiting.cpp",
     "    if (decided.bound != bound_ || progress_ || patience_at_ == never) {",
     "    if (decided.bound != bound_ || true || patience_at_ == never) {"),
    ("the drain's cut is ignored", "session/waiting.cpp",
     "        else if (now() >= cut_at_)\n",
     "        else if (now() >= cut_at_ && now() >= deadline_at_)\n"),
    ("the drain's cut of a closing session is ignored", "session/waiting.cpp",
     "            deadline_at_ = std::min(deadline_at_, now() + cut_grace);",
     "            ;"),
    ("unconfirmed is told as whole", "session/report.cpp",
     "                   : unconfirmed           ? outcome::unconfirmed",
     "                   : unconfirmed           ? outcome::whole"),
    ("a byte that is not acknowledged is not counted", "session/closing.cpp",
     "        unconfirmed_[direction_to(who)] += missing.in_kernel;",
     "        unconfirmed_[direction_to(who)] += missing.in_kernel > 0 ? 1 : 0;"),
    ("a vanished peer passes for a quiet one", "session/waiting.cpp",
     "    return !ending::has_waiting_bytes(facts_) && are_peers_there();",
     "    return !ending::has_waiting_bytes(facts_);"),
    ("a reset that the kernel does not send is told", "session/closing.cpp",
     "    if (socket_of(who).can_tell_abort())\n        return decided;",
     "    if (socket_of(who).can_tell_abort() || true)\n        return decided;"),
    ("never write_stalled", "ending/observe.cpp",
     "has_waiting_bytes(now) ? cause::write_stalled : cause::idle_timeout",
     "has_waiting_bytes(now) ? cause::idle_timeout : cause::idle_timeout"),
    ("a client's reset is passed on as a FIN", "ending/facts.cpp",
     "           manners.on_client_reset == client_policy::fin;",
     "           true;"),
    ("a reset does not stop the other source", "ending/observe.cpp",
     "    if (others.from == source::open) {\n        cut(others);\n        now.polite = how",
     "    if (others.from == source::open && how != source::reset) {\n        cut(others);\n"
     "        now.polite = how"),
    ("a failed write is acted on before the side is read out", "session/relay.cpp",
     "        ending::sink_lost(facts_, to);\n        drop_if_gone(to);\n        break;",
     "        source_ended(to, source::reset);\n        drop_if_gone(to);\n        break;"),
    ("a clean end of one flow ends the other", "ending/observe.cpp",
     "        if (manners.half_close == half_close::close && others.from == source::open) {",
     "        if (others.from == source::open) {"),
    ("a kill is polite to a busy session", "session/waiting.cpp",
     "            ending::proxy_ended(facts_, rules(), pending_end_, is_quiet());",
     "            ending::proxy_ended(facts_, rules(), pending_end_, true);"),
    ("a kill is rude to a silent session", "session/waiting.cpp",
     "            ending::proxy_ended(facts_, rules(), pending_end_, is_quiet());",
     "            ending::proxy_ended(facts_, rules(), pending_end_, false);"),
    ("a socket is closed with bytes of it unread", "ending/next_step.cpp",
     "    const bool peer_has_ended =\n        from_peer.answered || (from_peer.from != source::cut "
     "&& from_peer.from != source::failed);\n    if (peer_has_ended",
     "    const bool peer_has_ended = true;\n    if (peer_has_ended"),
    ("a bound asks for acknowledgements only at its end", "session/waiting.cpp",
     "    if (!waits_for_sink && !waits_for_bytes &&", "    if (!waits_for_sink &&"),
]


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def build(folder):
    done = run(["ninja", "-j1", "-C", str(folder), "simulation"])
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
    for old in tree.iterdir():
        if old.name == "build":
            continue  # what did not change since is not compiled again
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old)
        else:
            old.unlink()
    ignored = shutil.ignore_patterns("build", ".git", "__pycache__")
    shutil.copytree(ROOT, tree, ignore=ignored, symlinks=True, dirs_exist_ok=True)
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
    for name, file, right, wrong in chosen:
        path = tree / "daemon" / file
        text = path.read_text(encoding="utf-8")
        if text.count(right) != 1:
            sys.exit(f"{name}: its place in daemon/{file} is there {text.count(right)} times")
        path.write_text(text.replace(right, wrong), encoding="utf-8")
        try:
            build(folder)
            after, rule, words = simulate(folder, asked.sessions)
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
