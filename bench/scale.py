"""How Ferrule's cost grows with its sessions and its workers: prints tables in Markdown.

    bench/scale.py [--rounds N] [--seconds N] [--sessions 1,10,100,1000,9000]

FERRULE_BINARY and FERRULE_LOAD say which programs; else those of the release preset are taken, which
`bench/run` builds. Sessions are measured with one worker on one core, the generator on the other;
workers with both cores shared by everything, so compare its rows only with each other.
"""

import argparse
import os
import pathlib
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "performance"))

import measure  # noqa: E402
import network  # noqa: E402
import proxies  # noqa: E402

TEMPLATE = (proxies.TEMPLATES / "ferrule.yaml").read_text()


def started(folder, files, backend, workers, cores):
    """Ferrule with so many workers, free to run on `cores`."""
    folder.chmod(0o755)
    (folder / "ferrule.template").write_text(TEMPLATE.replace("workers: 1", f"workers: {workers}"))
    ours = proxies.Proxy(proxies.OURS, folder / "ferrule.template", None,
                         *proxies.OUR_COMMAND)
    running = ours.start(folder, files, backend)
    for thread in os.listdir(f"/proc/{running.process.pid}/task"):
        os.sched_setaffinity(int(thread), cores)
    return running


def measured(words, files, options, workers=1, cores=None):
    """The generator's answer for one load on a fresh process."""
    backend = proxies.free_port()
    with tempfile.TemporaryDirectory() as name:
        running = started(pathlib.Path(name), files, backend, workers, cores or proxies.CORES[:1])
        try:
            found = measure.load(*words.split(), "--proxy", str(running.port), "--backend",
                                 str(backend), "--watch", str(running.process.pid), "--seconds",
                                 str(options.seconds))
        finally:
            running.stop()
    ends = dict(found["ends"])
    if ends.pop("clean") == 0 or any(ends.values()):
        raise RuntimeError(f"{words}: ended {found['ends']}")
    return found


def median_of(found, what="cost"):
    values = [each[what] for each in found]
    return f"{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


def by_sessions(files, options):
    counts = [int(each) for each in options.sessions.split(",")]
    pings = {count: [] for count in counts}
    idles = {count: [] for count in counts}
    for _ in range(options.rounds):
        for count in counts:
            pings[count].append(measured(f"ping --size 64 --sessions {count}", files, options))
            idles[count].append(measured(f"idle --sessions {count}", files, options))
    print("| sessions | a message of 64 B and its echo, µs | an idle session, KiB | "
          "a close, all at once, µs |\n| ---: | ---: | ---: | ---: |")
    for count in counts:
        print(f"| {count} | {median_of(pings[count])} | {median_of(idles[count], 'pss_kib')} | "
              f"{median_of(idles[count])} |")


def by_workers(files, options, cores):
    loads = ("handshake", "handshake --resume", "ping --size 64 --sessions 64", "down", "up")
    found = {(words, workers): [] for words in loads for workers in (1, 2)}
    for _ in range(options.rounds):
        for words, workers in found:
            found[words, workers].append(measured(words, files, options, workers, cores))
    print(f"\nWorkers on {len(cores)} of 2 cores, the generator on the second:")
    print("\n| load | one worker | two workers | ratio |\n| --- | ---: | ---: | ---: |")
    for words in loads:
        one, two = (statistics.median(each["cost"] for each in found[words, workers])
                    for workers in (1, 2))
        print(f"| {words} | {median_of(found[words, 1])} | {median_of(found[words, 2])} | "
              f"{two / one:.2f} |")


def main():
    options = argparse.ArgumentParser(prog="bench/scale.py", description=__doc__,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=1.0)
    options.add_argument("--sessions", default="1,10,100,1000,9000")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        files = measure.certificates(folder)["p256"]
        print(network.enter())
        by_sessions(files, chosen)
        for cores in (set(proxies.CORES[:1]), set(proxies.CORES)):
            by_workers(files, chosen, cores)


if __name__ == "__main__":
    main()
