"""Says once more, and last, what failed: logs are long, and often only their end is kept.

    .ci/failures.py FILE...     ctest's JUnit files (*.xml): the failed tests and the end of what each
                                printed. Other files: their end
"""

import pathlib
import sys
import xml.etree.ElementTree

LINES_OF_A_TEST = 25
LINES_OF_A_FILE = 40


def end_of(text, count):
    """The last `count` lines that say something; Python's remarks on open files do not."""
    noise = ("ResourceWarning", "self._target", "return self.run", "for index, test in enumerate")
    lines = [line for line in text.splitlines() if not any(word in line for word in noise)]
    return "\n".join(line[:240] for line in lines[-count:])


def failed_tests(file):
    for case in xml.etree.ElementTree.parse(file).getroot().iter("testcase"):
        if case.get("status") == "fail" or case.find("failure") is not None:
            yield case.get("name"), case.findtext("system-out") or ""


def main():
    for name in sys.argv[1:]:
        file = pathlib.Path(name)
        if not file.exists():
            print(f"\n== {file}: was not written ==")
        elif file.suffix == ".xml":
            for test, text in failed_tests(file):
                print(f"\n== {file.parent.name}: {test} ==\n{end_of(text, LINES_OF_A_TEST)}")
        else:
            print(f"\n== {file} ==\n{end_of(file.read_text(errors='replace'), LINES_OF_A_FILE)}")


main()
