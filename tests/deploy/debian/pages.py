"""The man pages: their form, and ferrule(8) held against the program's own help. tests/config holds
the page of the keys against the table that the reader uses.
"""

import re
import unittest

from .built import SOURCE, run, unpacked

PROGRAM_PAGE = SOURCE / "docs/man/ferrule.8"
KEYS_PAGE = SOURCE / "docs/man/ferrule.yaml.5"


def plain(text):
    """Text of a page without its markup."""
    text = re.sub(r"\\\n", "", text)
    text = re.sub(r"\\f[BIRP]|\\:|\\&", "", text)
    text = text.replace("\\-", "-").replace("\\e", "\\")
    return " ".join(text.split())


def commands():
    """(command, its help) of the built program, the commands of commands included."""
    program = unpacked() / "usr/bin/ferrule"
    found = []

    def walk(path):
        text = run(program, *path, "--help")
        found.append((path, text))
        listed = text.split("\nSubcommands:\n")[1] if "\nSubcommands:\n" in text else ""
        for name in re.findall(r"(?m)^  ([a-z][a-z-]*)\b", listed):
            walk((*path, name))

    walk(())
    return found


def options(help_text):
    """The long options, and the short ones, that a help text names."""
    return [option for line in re.findall(r"(?m)^  (-\S+)", help_text)
            for option in line.split(",")]


class Form(unittest.TestCase):
    def test_no_tool_complains(self):
        for page in (PROGRAM_PAGE, KEYS_PAGE):
            with self.subTest(page=page.name):
                self.assertEqual(run("mandoc", "-Tlint", "-Wwarning", page), "")
                output = run("sh", "-c", 'LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -l '
                             '-Tutf8 -Z "$1" 2>&1 >/dev/null', "man", page)
                self.assertEqual(output, "")

    def test_sections_stand_in_the_usual_order(self):
        usual = ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "ENVIRONMENT", "FILES",
                 "EXAMPLES", "SEE ALSO"]
        for page in (PROGRAM_PAGE, KEYS_PAGE):
            found = re.findall(r'(?m)^\.SH "?([^"\n]+)', page.read_text())
            with self.subTest(page=page.name):
                self.assertEqual([each for each in found if each in usual],
                                 [each for each in usual if each in found])


class Program(unittest.TestCase):
    def test_every_command_and_option_has_an_entry(self):
        entries = [plain(head) for head in
                   re.findall(r"(?m)^\.TP\n\.[BI]+R? (.*)$", PROGRAM_PAGE.read_text())]
        for path, help_text in commands():
            for name in (*path[-1:], *options(help_text)):
                with self.subTest(command=path, name=name):
                    pattern = rf"(?<![\w-]){re.escape(name)}(?![\w-])"
                    self.assertTrue(any(re.search(pattern, entry) for entry in entries))

    def test_every_signal_and_variable_of_the_source_is_in_it(self):
        page = PROGRAM_PAGE.read_text()
        source = "\n".join(path.read_text() for path in (SOURCE / "daemon").rglob("*.?pp"))
        handled = set(re.findall(r"\bSIG(?:TERM|INT|HUP|USR1|USR2|PIPE|QUIT|ALRM|WINCH)\b", source))
        read = set(re.findall(r'\bgetenv\("(\w+)"\)', source))
        self.assertTrue(handled)
        for word in handled | read:
            with self.subTest(word=word):
                self.assertIn(word, page)

    def test_every_installed_file_of_use_is_in_it(self):
        page = plain(PROGRAM_PAGE.read_text())
        for path in unpacked().rglob("*"):
            name = "/" + path.relative_to(unpacked()).as_posix()
            if path.is_file() and name.startswith(("/etc/", "/lib/", "/usr/lib/")):
                with self.subTest(file=name):
                    self.assertIn(name, page)
