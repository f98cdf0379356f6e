#!/usr/bin/env python3
"""Prints the rooms of daemon/ from left to right: lines, their share of all, files, and which other
rooms each one includes in fact. Exit code 1 if one includes a room that is not to its left.

    python3 tests/tidy/layers.py
"""

import collections
import sys

from rules import LAYERS, SYSTEM_HEADERS, tree


def main():
    lines, files, used = collections.Counter(), collections.Counter(), collections.defaultdict(set)
    for file in tree():
        if file.folder not in LAYERS or not file.is_cpp:
            continue
        lines[file.folder] += len(file.lines)
        files[file.folder] += 1
        used[file.folder] |= {name.split("/")[0] for _, name in file.includes()
                              if name not in SYSTEM_HEADERS} & set(LAYERS) - {file.folder}
    total, against = sum(lines.values()), 0
    for room, allowed in LAYERS.items():
        names = [name if name in allowed else f"{name} (not to its left)"
                 for name in LAYERS if name in used[room]]
        against += len(used[room] - allowed)
        print(f"{room:10}{lines[room]:6}{100 * lines[room] / total:6.1f} %{files[room]:5} files  "
              f"{' '.join(names)}")
    print(f"{'':10}{total:6}   100 %{sum(files.values()):5} files")
    return 1 if against else 0


if __name__ == "__main__":
    sys.exit(main())
