"""The ids of docs/endings.md: rows (R30, F12), rules (E2) and promises (P6).

A test names the rows and rules that it holds the code to, and the code names them where it decides
what makes them true. So who changes a row finds its code, and who changes the code finds its rows.

An id with a letter (R110a) is a variant in a test: it belongs to its number, and does not stand for it.
"""

import re

MANUAL = "docs/endings.md"
ID = r"(?<!noqa: )\b([RFEP][1-9]\d*)([a-z]?)\b"
BETWEEN_WORDS = r"(?:\s|//+<?)+"
RANGE = rf"\b([RF])(\d+){BETWEEN_WORDS}to{BETWEEN_WORDS}\1(\d+)\b"
MOST_IN_A_RANGE = 10


def ids_of(manual):
    """{id: its line} of what the manual defines: the first cell of a row, or a rule's first words."""
    found = {}
    for number, line in enumerate(manual.split("\n"), 1):
        if match := re.match(r"\|\s*([RFP]\d+)\s*\|", line) or re.match(r"\*\*(E\d+), ", line):
            found[match.group(1)] = number
    return found


def comments_of(file):
    """The comments of a C++ file; every character keeps its place. Without those in front of the first
    directive: what stands at the top of a file says nothing of where something is decided."""
    top = re.search(r"(?m)^[^\S\n]*#", file.code)
    begin = top.start() if top else 0
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|[^\n]', re.DOTALL)
    keeps = token.sub(lambda match: match.group() if match.group().startswith(("//", "/*"))
                      else re.sub(r"[^\n]", " ", match.group()), file.text)
    return re.sub(r"[^\n]", " ", keeps[:begin]) + keeps[begin:]


def ranges_in(text):
    """(offset, kind, first, last) of each `R66 to R68`, also over the end of a comment's line."""
    for match in re.finditer(RANGE, text):
        yield match.start(), match.group(1), int(match.group(2)), int(match.group(3))


def is_test(file):
    """Not tidy's own: what it plants is no test of an ending. Nor a table that is made from tests."""
    return file.path.startswith("tests/") and not file.path.startswith("tests/tidy/") and \
        file.path.endswith((".py", ".cpp", ".hpp"))


def is_code(file):
    return file.in_daemon is not None and file.is_cpp


def named_by(file):
    """The ids that a file names; code also by ranges, a test only each by itself."""
    text = comments_of(file) if is_code(file) else file.text
    for match in re.finditer(ID, text):
        if not match.group(2):
            yield match.group(1)
    if is_code(file):
        for _, kind, first, last in ranges_in(text):
            yield from (f"{kind}{number}" for number in range(first, last + 1))


def unnamed_ids(manual, files):
    """Rows and rules that no test names, or no code. A promise names its tests in the manual."""
    in_tests = {id for file in files if is_test(file) for id in named_by(file)}
    in_code = {id for file in files if is_code(file) for id in named_by(file)}
    for id, number in ids_of(manual).items():
        if id.startswith("P"):
            continue
        if id not in in_tests:
            yield f"{MANUAL}:{number}: error: {id} has no test, name it in one"
        if id not in in_code:
            yield f"{MANUAL}:{number}: error: {id} is named by no code, name it in daemon/ " \
                  "where it is decided"


def unknown_ids(manual, files):
    """Ids in daemon/ and tests/ that the manual does not have, and ranges in code that say too much."""
    known = ids_of(manual)
    for file in files:
        if not file.path.startswith(("daemon/", "tests/")):
            continue
        for match in re.finditer(ID, file.text):
            if match.group(1) not in known:
                yield f"{file.path}:{file.line_of(match.start())}: error: {MANUAL} has no " \
                      f"{match.group(1)}, name one that it has"
        for offset, kind, first, last in ranges_in(file.text) if is_code(file) else ():
            if not first < last < first + MOST_IN_A_RANGE:
                yield f"{file.path}:{file.line_of(offset)}: error: {kind}{first} to {kind}{last} is " \
                      f"no range of 2 to {MOST_IN_A_RANGE}, name fewer at one place"
