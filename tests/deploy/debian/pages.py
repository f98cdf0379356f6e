"""The man pages, held against the program's own help and the list of keys."""

import re
import unittest

from .built import SOURCE, run, unpacked

PROGRAM_PAGE = SOURCE / "docs/man/ferrule.8"
KEYS_PAGE = SOURCE / "docs/man/ferrule.yaml.5"

# Name of a block in daemon/config/table.hpp -> heading of the page, heading of docs/configuration.md.
# A block that is not here has its own name for both.
HEADINGS = {
    "root": ("Top level", "The file's top level"),
    "listener": ("listeners[]", "listeners"),
    "tls": ("listeners[].tls", "tls"),
    "backend": ("backends[]", "backends"),
}


def plain(text):
    """Text of a page, or of Markdown, without its markup."""
    text = re.sub(r"\\\n", "", text)
    text = re.sub(r"\\f[BIRP]|\\:|\\&", "", text)
    text = text.replace("\\-", "-").replace("\\e", "\\")
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    return " ".join(text.replace("`", "").split())


def keys_of_source():
    """Block -> its keys, from the table that the reader uses."""
    text = (SOURCE / "daemon/config/table.hpp").read_text()
    found = re.findall(r"std::tuple (\w+)_rows\{(.*?)\n\};", text, re.DOTALL)
    return {block: re.findall(r'row\{"(\w+)",', body) for block, body in found}


def keys_of_page():
    """Heading -> key -> what the page says about it."""
    body = KEYS_PAGE.read_text().split("\n.SH KEYS\n")[1].split("\n.SH ")[0]
    found = {}
    for part in body.split(".SS ")[1:]:
        heading, text = part.split("\n", 1)
        entries = text.split(".TP\n")[1:]
        found[heading.strip('"')] = {
            re.match(r"\.B (\w+)\n", entry).group(1): plain(entry.split("\n", 1)[1])
            for entry in entries}
    return found


def table(heading):
    """Key -> (default, limits) in the section of docs/configuration.md with this heading."""
    text = (SOURCE / "docs/configuration.md").read_text()
    section = re.search(rf"(?ms)^##+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text).group(1)
    rows = re.findall(r"(?m)^\| `(\w+)` \|([^|]*)\|([^|]*)\|", section)
    return {key: (plain(default), plain(limits)) for key, default, limits in rows}


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


class Keys(unittest.TestCase):
    def test_the_page_has_the_keys_that_the_reader_knows_and_no_others(self):
        known = {f"{HEADINGS.get(block, (block,))[0]}: {key}"
                 for block, keys in keys_of_source().items() for key in keys}
        told = {f"{heading}: {key}" for heading, keys in keys_of_page().items() for key in keys}
        self.assertEqual((sorted(known - told), sorted(told - known)), ([], []))

    def test_defaults_and_limits_are_those_of_the_manual(self):
        page = keys_of_page()
        for block, keys in keys_of_source().items():
            heading, chapter = HEADINGS.get(block, (block, block))
            rows = table(chapter)
            for key in keys:
                with self.subTest(key=f"{heading}.{key}"):
                    self.assertIn(key, rows, "docs/configuration.md has no row for it")
                    self.says_the_same(page.get(heading, {}).get(key, ""), *rows[key])

    def says_the_same(self, text, default, limits):
        if default == "required":
            self.assertIn("Required.", text)
        elif default.startswith("see "):
            self.assertRegex(text, r"Default: [A-Z]\S+")
        elif default:
            self.assertIn(f"Default: {default}.", text)
        if limits:
            self.assertIn(f"Allowed: {limits}.", text)

    def test_long_defaults_are_those_of_the_example(self):
        example = re.sub(r"\\\n\s*", "", (SOURCE / "config/ferrule.yaml").read_text())
        for key in ("ciphers", "suites"):
            default = re.search(rf'(?m)^ *{key}: "(.*)"$', example).group(1)
            with self.subTest(key=key):
                self.assertIn(f"Default: {default}.", keys_of_page()["listeners[].tls"][key])
