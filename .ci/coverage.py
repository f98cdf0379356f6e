"""Prints line coverage for each folder of daemon/: coverage.py SOURCE_DIR BUILD_DIR

Reads what the programs of a coverage build wrote (.gcda) through gcov's JSON output. A line counts
as covered if any program executed it. Lines that gcov knows nothing of (comments, templates that
nothing instantiates) do not count at all.
"""

import collections
import json
import pathlib
import subprocess
import sys


def counts_by_file(source_dir, build_dir):
    """{file relative to source_dir: {line number: executions}} for files in daemon/."""
    counts = collections.defaultdict(collections.Counter)
    for data in sorted(build_dir.rglob("*.gcda")):
        answer = subprocess.run(
            ["gcov", "--json-format", "--stdout", str(data)],
            cwd=build_dir, check=True, capture_output=True)
        for text in answer.stdout.splitlines():
            for unit in json.loads(text)["files"]:
                path = (build_dir / unit["file"]).resolve()
                if path.is_relative_to(source_dir / "daemon"):
                    lines = counts[path.relative_to(source_dir)]
                    for line in unit["lines"]:
                        lines[line["line_number"]] += line["count"]
    return counts


def row(name, lines):
    covered = sum(1 for count in lines if count)
    share = 100 * covered / len(lines) if lines else 0
    return f"{name:<24}{covered:>8}{len(lines):>8}{share:>8.1f} %"


def main():
    source_dir, build_dir = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    counts = counts_by_file(source_dir, build_dir)
    if not counts:
        sys.exit("coverage: no program of this build has run yet")

    folders = collections.defaultdict(list)
    for path, lines in counts.items():
        folders[str(path.parent)].extend(lines.values())

    print(f"{'folder':<24}{'covered':>8}{'lines':>8}{'share':>10}")
    for name in sorted(folders):
        print(row(name, folders[name]))
    print(row("all", [count for lines in folders.values() for count in lines]))


if __name__ == "__main__":
    main()
