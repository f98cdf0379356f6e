"""Runs every load on every proxy, in interleaved rounds; prints tables and writes JSON. Started by
bench/run."""

import argparse
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import time

import network
import page
import proxies
import table
import workloads
from proxies import CORES, FERRULE, LOAD, OURS, PLAIN, RELAY, ROOT, TUNED


def certificates(folder):
    """{"p256": {certificate, key, both}, "rsa": …}, fresh ones."""
    kinds = {"p256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["rsa:2048"]}
    found = {}
    for kind, how in kinds.items():
        files = {name: str(folder / f"{kind}-{name}.pem") for name in ("certificate", "key", "both")}
        subprocess.run(["openssl", "req", "-x509", "-newkey", *how, "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-keyout", files["key"], "-out", files["certificate"]],
                       check=True, stderr=subprocess.DEVNULL, timeout=60)
        pathlib.Path(files["both"]).write_text(
            pathlib.Path(files["certificate"]).read_text() +
            pathlib.Path(files["key"]).read_text())
        for path in files.values():
            os.chmod(path, 0o644)
        found[kind] = files
    return found


def load(*arguments):
    """The generator's answer. It shares a core with its backend only."""
    answer = subprocess.run([LOAD, *arguments], capture_output=True, text=True, timeout=300,
                            preexec_fn=lambda: os.sched_setaffinity(0, {CORES[-1]}))
    if not answer.stdout:
        raise RuntimeError(f"load {' '.join(arguments)} failed: {answer.stderr}")
    return json.loads(answer.stdout)


def measure(proxy, run, files, seconds):
    """One load on one fresh process."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        backend = proxies.free_port()
        running = proxy.start(folder, files[run.certificate], backend)
        arguments = run.arguments
        if proxy is RELAY:
            arguments = re.sub(r"--tls \S+|--resume", "", arguments) + " --tls off"
        try:
            found = load(*arguments.split(), "--proxy", str(running.port), "--backend",
                         str(backend), "--watch", str(running.process.pid), "--seconds",
                         str(seconds))
        finally:
            running.stop()
    found["load_average"] = os.getloadavg()[0]
    return found


def crypto(files, seconds):
    """What OpenSSL alone costs, by "version kind"."""
    found = {}
    for name, kind, arguments in (
            ("1.3 p256", "p256", ("--tls", "1.3")), ("1.3 rsa", "rsa", ("--tls", "1.3")),
            ("1.2 p256", "p256", ("--tls", "1.2")),
            ("1.3 resumed", "p256", ("--tls", "1.3", "--resume")),
            ("1.2 resumed", "p256", ("--tls", "1.2", "--resume"))):
        found[name] = load("crypto", *arguments, "--certificate", files[kind]["certificate"],
                           "--key", files[kind]["key"], "--seconds", str(seconds))
    return found


def contestants(run, options):
    limit = [] if run.plain_as else [RELAY]
    if not is_wanted(run, options):
        return limit
    field = PLAIN + (TUNED if run.has_tuned else []) + limit
    return [each for each in field
            if not options.proxy or each.name in (*options.proxy, OURS, RELAY.name)]


def machine(network_used):
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    answer = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "libssl3"],
                            capture_output=True, text=True)
    return {"cores": os.cpu_count(), "processor": model[1] if model else platform.machine(),
            "kernel": re.match(r"[\d.]+\d", platform.release())[0], "openssl": answer.stdout,
            "network": network_used, "pinned": {"proxy": CORES[0], "generator": CORES[-1]}}


def versions():
    text = subprocess.run([FERRULE, "version"], capture_output=True, text=True, timeout=20).stdout
    found = {each.name: each.version() for each in PLAIN if each.package}
    found[OURS] = (re.search(r"\d+\.\d+\S*", text) or [""])[0]
    return found


def is_wanted(run, options):
    return not options.only or any(word in run.name for word in options.only)


def chosen_runs(options):
    """Those that are wanted, and those whose plain relay is part of their limit."""
    wanted = [run for run in workloads.RUNS if is_wanted(run, options)]
    if not wanted:
        sys.exit("there is no such load; there are: " + " ".join(
            run.name for run in workloads.RUNS))
    relayed = {run.plain_as for run in wanted}
    return [run for run in workloads.RUNS if run in wanted or run.name in relayed]


def all_rounds(options, files):
    runs, costs = [], []
    for number in range(options.rounds):
        costs.append(crypto(files, min(options.seconds, 1)))
        for run in chosen_runs(options):
            # Each round begins with another proxy, so that none has the best place.
            field = contestants(run, options)
            field = field[number % len(field):] + field[:number % len(field)]
            for proxy in field:
                try:
                    found = measure(proxy, run, files, options.seconds)
                except RuntimeError as failure:
                    print(f"{run.name} {proxy.name}: {failure}", file=sys.stderr)
                    found = {"failure": str(failure)}
                runs.append({"run": run.name, "proxy": proxy.name, "round": number, **found})
                print(f"\r{number + 1}/{options.rounds} {run.name} {proxy.name}".ljust(60),
                      end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return runs, costs


def main():
    options = argparse.ArgumentParser(prog="bench/run", description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=1.0, help="of each load")
    options.add_argument("--only", action="append", metavar="LOAD",
                         help="loads with this in their name; may stand more than once")
    options.add_argument("--proxy", action="append", metavar="NAME",
                         help="this peer only; may stand more than once")
    options.add_argument("--quick", action="store_true", help="one round of a third of a second")
    options.add_argument("--smoke", action="store_true",
                         help="every kind of load for a moment on Ferrule alone: does it work?")
    options.add_argument("--docs", action="store_true",
                         help="write docs/performance.md and docs/performance.svg")
    options.add_argument("--json", default=ROOT / "build/bench.json", type=pathlib.Path)
    chosen = options.parse_args()
    if chosen.quick:
        chosen.rounds, chosen.seconds = 1, 0.3
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        files = certificates(folder)
        if chosen.smoke:
            return smoke(files)
        network_used = network.enter()
        print(network_used, file=sys.stderr)
        began = time.time()
        runs, costs = all_rounds(chosen, files)
    found = {"machine": machine(network_used), "versions": versions(), "began": int(began),
             "took": int(time.time() - began), "rounds": chosen.rounds, "seconds": chosen.seconds,
             "command": "bench/run " + " ".join(sys.argv[1:]), "crypto": costs, "runs": runs}
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(found, indent=1) + "\n")
    print(table.text(found))
    if chosen.docs:
        page.write(found)
    return 0


def smoke(files):
    """Every kind of load for a moment on Ferrule: all sessions have to end well."""
    failed = 0
    for words in ("handshake", "handshake --resume", "down --sessions 2", "up --sessions 2",
                  "ping --sessions 4", "idle --sessions 50", "mix --sessions 2 --bulk 2"):
        run = workloads.Run("smoke", words)
        found = measure(PLAIN[0], run, files, 0.1)
        ends = dict(found["ends"])
        is_good = (ends.pop("clean") > 0 and not any(ends.values()) and found["complete"]
                   and found["bytes_right"] and found["units"] > 0 and found["cpu_seconds"] > 0
                   and found["backend_ends"]["reset"] == 0)
        if "resume" in words:
            is_good = is_good and found["resumed"] == found["units"]
        print(f"{'good' if is_good else 'BAD '} {words}: {found['units']:.4g} {found['unit']}, "
              f"{found['cost']:.3g} {found['cost_in']}")
        failed += not is_good
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
