"""Runs the rules on the tree, and each rule on a small planted breach, so that one that has gone
blind fails by itself. Findings read `file:line: error: X is banned here, use Y`.
"""

import re
import shutil
import subprocess
import sys
import unittest

from ids import MANUAL, unknown_ids, unnamed_ids
from rules import ROOT, Source, findings, tree

sys.path.insert(0, str(ROOT / "tests" / "simulation"))
from mutations import BUGS, places_of  # noqa: E402


def clang_format_14():
    for name in ("clang-format-14", "clang-format"):
        if shutil.which(name):
            answer = subprocess.run([name, "--version"], capture_output=True, text=True)
            if " version 14." in answer.stdout:
                return name
    return None


class TheTree(unittest.TestCase):
    def none(self, found):
        if found:
            self.fail("\n" + "\n".join(found))

    def test_keeps_the_rules(self):
        found = [text for file in tree() for text in findings(file)]
        self.none(found)

    def test_has_the_place_of_each_bug_that_is_planted(self):
        self.none([f"tests/simulation/mutations.py: {bug[0]}: its place in daemon/{bug[1]} is there "
                   f"{places_of(bug, ROOT)} times" for bug in BUGS if places_of(bug, ROOT) != 1])

    def test_names_every_row_and_rule_of_the_manual_in_a_test_and_in_the_code(self):
        manual = (ROOT / MANUAL).read_text(encoding="utf-8")
        self.none(list(unnamed_ids(manual, list(tree()))))

    def test_names_no_row_rule_or_promise_that_the_manual_does_not_have(self):
        manual = (ROOT / MANUAL).read_text(encoding="utf-8")
        self.none(list(unknown_ids(manual, list(tree()))))

    def test_is_formatted(self):
        tool = clang_format_14()
        if not tool:
            self.skipTest("clang-format 14 is not installed")
        paths = [file.path for file in tree() if file.path.endswith((".cpp", ".hpp"))]
        answer = subprocess.run([tool, "--dry-run", "-Werror", *paths], cwd=ROOT,
                                capture_output=True, text=True)
        found = sorted(set(re.findall(r"(?m)^([^\s:]+):\d+:\d+: error", answer.stderr)))
        self.none([f"{path}:1: error: not formatted, run {tool} -i {path}" for path in found])


class EveryRule(unittest.TestCase):
    def finds(self, path, text, *expected):
        """Planted text gives exactly the findings that begin with `line: words`."""
        found = findings(Source(path, text))
        self.assertEqual(len(found), len(expected), found)
        for actual, wanted in zip(found, expected):
            line, words = wanted.split(": ", 1)
            self.assertTrue(actual.startswith(f"{path}:{line}: error: {words}"), actual)

    def test_layers(self):
        self.finds("daemon/tls/a.cpp", '#include "net/b.hpp"\n', "1: net/b.hpp is banned")
        self.finds("daemon/tls/a.cpp", "#include <net/if.h>\n")
        self.finds("daemon/tls/a.cpp", "#include <net/b.h>\n", "1: net/b.h is banned")
        self.finds("daemon/base/a.cpp", '\n#include "ending/b.hpp"\n', "2: ending/b.hpp is banned")
        self.finds("daemon/session/a.cpp", '#include "process/b.hpp"\n', "1: process/b.hpp is banned")
        self.finds("daemon/session/a.cpp", '#include "net/b.hpp"\n')
        self.finds("daemon/main.cpp", '#include "process/b.hpp"\n')

    def test_includes(self):
        for path, name in [("session/a.cpp", "boost/asio.hpp"), ("net/a.cpp", "openssl/ssl.h"),
                           ("config/a.hpp", "yaml-cpp/yaml.h"), ("process/a.cpp", "prometheus/a.h"),
                           ("net/a.cpp", "spdlog/spdlog.h"), ("process/a.hpp", "fmt/core.h"),
                           ("process/a.cpp", "CLI/CLI.hpp"), ("ending/a.cpp", "chrono"),
                           ("ending/a.cpp", "iostream"), ("ending/a.cpp", "boost/x.hpp"),
                           ("metrics/registry.cpp", "boost/x.hpp"),
                           ("process/a.cpp", "boost/json.hpp")]:
            with self.subTest(path=path, name=name):
                self.finds("daemon/" + path, f"#include <{name}>\n#pragma once\n",
                           f"1: <{name}> is banned")
        self.finds("daemon/ending/a.cpp", '#include "base/time.hpp"\n', "1: <base/time.hpp>")
        self.finds("daemon/exporter/exporter.cpp", "#include <boost/asio.hpp>\n#include <chrono>\n")
        self.finds("tests/session/a_test.cpp", "#include <openssl/ssl.h>\n")

    def test_calls(self):
        for path, call in [("session/a.cpp", "SSL_shutdown"), ("tls/context.cpp", "SSL_shutdown"),
                           ("net/socket.cpp", "SSL_read"), ("tls/a.cpp", "SSL_write_ex"),
                           ("process/a.cpp", "SSL_get_error"), ("process/a.cpp", "shutdown"),
                           ("tls/channel.cpp", "::shutdown"), ("session/a.cpp", "::close"),
                           ("process/a.cpp", "close"), ("net/a.cpp", "SO_LINGER")]:
            with self.subTest(path=path, call=call):
                self.finds("daemon/" + path, f"void f()\n{{\n    {call}(x);\n}}\n",
                           f"3: {call}")
        self.finds("daemon/session/flow.cpp", "metrics::listener_counters& a;\n",
                   "1: metrics:: is banned")
        self.finds("daemon/session/journal.cpp", "metrics::listener_counters& a;\n")
        self.finds("daemon/worker/worker.cpp", "metrics::listener_counters& a;\n")
        self.finds("daemon/exporter/exporter.cpp", "asio::socket_base::linger x;\n",
                   "1: socket_base::linger is banned")
        self.finds("daemon/tls/channel.cpp", "int a = SSL_shutdown(x);\n")
        self.finds("daemon/net/socket.cpp", "int a = ::shutdown(x, 1) + ::close(x);\n")
        self.finds("daemon/process/a.cpp",
                   'x.close(1); y->shutdown(2); // SSL_shutdown\n"::close(";\n')

    def test_class_size(self):
        functions = "    void f();\n" * 20 + "    int g() const { return 1; }\n" * 6
        members = "    int a_ = f({1, 2});\n" * 0 + "    std::array<int, 2> a_{};\n" * 21
        start, end = "#pragma once\nnamespace a {\nclass b final : public c {\n", "};\n}\n"
        for body, found in [(functions, ["3: b with 26 functions and 0 members is banned"]),
                            (members, ["3: b with 0 functions and 21 members is banned"]),
                            (functions[13:], []), (members[26:], []),
                            (functions[13:] + "    b(const b&) = delete;\n    using d = e;\n", [])]:
            with self.subTest(body=body):
                self.finds("daemon/net/a.hpp", start + body + end, *found)
        reason = "// More than 25 functions or 20 members because it is.\n"
        self.finds("daemon/net/a.hpp", reason + start + functions + end)
        self.finds("tests/net/a.hpp", start + functions + end)

    def test_nowhere(self):
        self.finds("tests/tls/a.cpp", "int a = SSL_OP_IGNORE_UNEXPECTED_EOF;\n",
                   "1: SSL_OP_IGNORE_UNEXPECTED_EOF is banned")
        self.finds("tests/tls/a.cpp", "SSL_clear_options(x, SSL_OP_IGNORE_UNEXPECTED_EOF);\n")
        self.finds("tests/tls/a.cpp", "(void)SSL_free(x);\n", "1: (void)SSL_free is banned")
        self.finds("tests/tls/a.cpp", "static_cast<void>(SSL_clear(x));\n", "1: static_cast<void>")
        self.finds("tests/a.cpp", "using namespace std;\n", "1: using namespace std is banned")
        self.finds("tests/a.cpp", "using namespace std::chrono_literals;\n// using namespace std\n")

    def test_words(self):
        for word in ["TO" "DO", "FIX" "ME", "XX" "X", "/" "work/main/a", "/t" "mp/a.txt",
                     "shared/" "design"]:
            with self.subTest(word=word):
                self.finds("docs/a.md", f"\nsee {word}\n", f"2: {word} is banned")
        self.finds("docs/a.md", "mktemp XXXXXX, a/work/b, .github/workflows, /workshop\n")

    def test_named_files(self):
        for name in ("session/gone.cpp", "daemon/session/gone.hpp", "tests/net/gone_test.cpp"):
            with self.subTest(name=name):
                self.finds("docs/a.md", f"see `{name}`\n", f"1: there is no file {name}")
                self.finds("tests/a.cpp", f"// see {name}\n", f"1: there is no file {name}")
        self.finds("docs/a.md", "see `session/session.cpp`, `daemon/net/socket.cpp`, a/net/b.cpp\n")

    def test_text(self):
        self.finds("docs/a.md", "no newline", "1: the last line has no newline")
        self.finds("run", "\tx\n", "1: a tab is banned")
        self.finds("run", "x \n", "1: white space")
        self.finds("tests/a.cpp", "/" * 101 + "\n", "1: a line of 101 characters is banned")
        self.finds("tests/a.cpp", "/" * 100 + "\n")

    def test_header(self):
        self.finds("daemon/net/a.hpp", "// No guard.\n", "1: the header has no include guard")
        self.finds("daemon/net/a.hpp", "// A guard.\n#pragma once\n")

    def test_file_length(self):
        self.finds("daemon/net/a.cpp", "//\n" * 301, "1: a file of 301 lines is banned")
        self.finds("daemon/net/a.cpp", "//\n" * 300)
        self.finds("daemon/net/a.cpp", "// Longer than 300 lines because.\n" + "//\n" * 300)

    def test_function_length(self):
        body = "    if (x) {\n    }\n" * 29
        short = "namespace a {\nstruct b {\n    int c() {\n" + body + "    }\n};\n}\n"
        long = short.replace("int c() {\n", "int c() {\n    x = {1};\n")
        self.finds("daemon/net/a.cpp", short)
        self.finds("daemon/net/a.cpp", long, "3: a function of 61 lines is banned")
        self.finds("daemon/net/a.cpp", long.replace(
            "    int c", "    // Longer than 60 lines because of tests.\n    int c"))
        self.finds("daemon/net/a.cpp", "constexpr int a[] = {\n" + "    1,\n" * 80 + "};\n")


class TheIds(unittest.TestCase):
    """A small manual, a small test and a small file of code; what is taken from them is missed."""

    MANUAL = ("**E2, delivery.** What was read is delivered.\n\n"
              "| promise | |\n| P8 | Every wait is bounded. | R66 to R68 |\n\n"
              "| id | what |\n| R2 | a |\n| R12 | b |\n| R13 | c |\n| R14 | d |\n| F12 | e |\n")
    TEST = 'row("R2", x); row("R12", x); row("R13", x); row("R14", x); row("F12", x);\n// E2\n'
    TOP = "// Decides.\n#include <a>\n"
    CODE = TOP + "// R2, R12, R13, R14: why.\n/// What (E2; F12).\n"

    def unnamed(self, test=TEST, code=CODE, test_path="tests/a/a_test.cpp", code_path="daemon/a/a.cpp"):
        found = unnamed_ids(self.MANUAL, [Source(test_path, test), Source(code_path, code)])
        return [re.sub(r"docs/endings\.md:(\d+): error: (\w+) (has no test|is named by no code), .*",
                       r"\1 \2 \3", text) for text in found]

    def unknown(self, path, text):
        found = list(unknown_ids(self.MANUAL, [Source(path, text)]))
        return [re.sub(rf"{path}:(\d+): error: (.*), name .*", r"\1 \2", text) for text in found]

    def test_are_all_named(self):
        self.assertEqual(self.unnamed(), [])

    def test_that_no_test_names(self):
        self.assertEqual(self.unnamed(test=self.TEST.replace("R12", "")), ["8 R12 has no test"])
        self.assertEqual(self.unnamed(test=self.TEST.replace("R2", "R21")), ["7 R2 has no test"])
        self.assertEqual(self.unnamed(test=self.TEST.replace("R2", "R2a")), ["7 R2 has no test"])
        self.assertEqual(self.unnamed(test=self.TEST.replace("F12", "")), ["11 F12 has no test"])
        self.assertEqual(self.unnamed(test=self.TEST.replace("E2", "")), ["1 E2 has no test"])

    def test_are_not_named_by_what_is_no_test(self):
        for path in ("tests/tidy/tidy_test.py", "tests/system/ROWS.md", "docs/a.md"):
            with self.subTest(path=path):
                self.assertEqual(len(self.unnamed(test_path=path)), 6)

    def test_each_have_a_test_and_are_no_part_of_a_range_there(self):
        test = self.TEST.replace('"R2"', '"R2 to R13"').replace('row("R12", x);', "")
        self.assertEqual(self.unnamed(test=test), ["8 R12 has no test"])

    def test_that_no_code_names(self):
        self.assertEqual(self.unnamed(code=self.CODE.replace("R12", "R1")),
                         ["8 R12 is named by no code"])
        self.assertEqual(self.unnamed(code=self.CODE.replace("E2", "P8")),
                         ["1 E2 is named by no code"])
        self.assertEqual(self.unnamed(code=self.CODE.replace("R2,", "R2a,")),
                         ["7 R2 is named by no code"])

    def test_are_not_named_by_what_is_no_code(self):
        self.assertEqual(len(self.unnamed(code_path="bench/a.cpp")), 6)
        self.assertEqual(len(self.unnamed(code_path="daemon/a/a.md")), 6)

    def test_stand_in_a_comment_and_not_at_the_top_of_a_file(self):
        for text in ('a = "R2, R12"; //', "a = R2 + R12; //", 'a = "// R2, R12"; //'):
            with self.subTest(text=text):
                self.assertEqual(self.unnamed(code=self.CODE.replace("// R2, R12,", text)),
                                 ["7 R2 is named by no code", "8 R12 is named by no code"])
        self.assertEqual(len(self.unnamed(code=self.CODE.replace(self.TOP, ""))), 0)
        self.assertEqual(len(self.unnamed(code=self.CODE.replace(self.TOP, "") + self.TOP)), 6)
        code = self.TOP + 'a = "//"; // R2, R12, R13\n/* E2\nF12, R14 */ b;\n'
        self.assertEqual(self.unnamed(code=code), [])

    def test_are_named_by_a_range_also_over_the_end_of_a_line(self):
        for text in ("// R12 to R14", "// R12 to\n// R14", "    /// R12\n    /// to R14",
                     "/// R12 to\n/// R14"):
            with self.subTest(text=text):
                self.assertEqual(self.unnamed(code=self.TOP + text + "\n// R2, F12, E2\n"), [])
        self.assertEqual(self.unnamed(code=self.TOP + "// R2 to F12. R12, R14. E2\n"),
                         ["9 R13 is named by no code"])

    def test_that_the_manual_does_not_have(self):
        for id in ("R" "3", "R" "112", "F" "2", "E" "3", "P" "9", "R" "3a"):
            for path in ("daemon/a/a.cpp", "tests/a/a_test.py", "tests/system/ROWS.md"):
                with self.subTest(id=id, path=path):
                    self.assertEqual(self.unknown(path, f"\n// R2, {id}: why\n"),
                                     [f"2 docs/endings.md has no {id.rstrip('a')}"])
            self.assertEqual(self.unknown("docs/a.md", id + "\n"), [])
        self.assertEqual(self.unknown("tests/a.py", "R2a, E2, P8, F12, R13, R02, 0xE9, import a  "
                                                    "# noqa: E402\n"), [])

    def test_stand_in_ranges_that_say_something(self):
        for text in ("R13 to R2", "R2 to R2", "R2 to R12"):
            with self.subTest(text=text):
                self.assertEqual(self.unknown("daemon/a/a.cpp", f"// {text}: why\n"),
                                 [f"1 {text} is no range of 2 to 10"])
            self.assertEqual(self.unknown("tests/a/a_test.cpp", f"// {text}: why\n"), [])
        self.assertEqual(self.unknown("daemon/a/a.cpp", "// R2 to F12, R12 to R13\n"), [])


if __name__ == "__main__":
    unittest.main()
