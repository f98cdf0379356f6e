"""The rules of this repository that a compiler does not check; docs/style.md has the reasons.

Each rule is a function from a Source to its findings, as (line, text).
"""

import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

# The rooms of daemon/ from left to right, each with its neighbours to the left: it may include itself,
# these, and what these may include. main.cpp may include everything.
ROOMS = {
    "base": "",
    "ending": "base",
    "yaml": "base",
    "net": "ending",
    "config": "ending yaml",
    "tls": "ending",
    "record": "ending",
    "metrics": "record",
    "log": "config metrics net tls",
    "exporter": "metrics",
    "backends": "config metrics net",
    "session": "backends tls",
    "worker": "log session",
    "control": "worker",
    "process": "control exporter",
    "trials": "process",
    "commands": "trials",
}


def layers():
    """{room: all rooms to its left that it may include}."""
    found = {}
    for room, neighbours in ROOMS.items():
        found[room] = {each for left in neighbours.split() for each in (left, *found[left])}
    return found


LAYERS = layers()

# Headers of the C library whose folder is called like one of ours.
SYSTEM_HEADERS = {"net/if.h"}

# Includes that only some files may have: what, where (in daemon/), what to do instead.
INCLUDES = [
    (r"boost/(?!intrusive/|nowide/|json)",
     r"backends/|exporter/|worker/|control/|process/|trials/(demo|selftest)/", "net/ and its types"),
    (r"boost/nowide/", r"base/utf8\.cpp", "base::valid_utf8"),
    (r"boost/json", r"base/json\.(hpp|cpp)", "base/json.hpp"),
    (r"boost/intrusive/", r"net/|session/|worker/|process/", "a container of the standard library"),
    (r"openssl/", r"tls/|exporter/(password|status_page)\.cpp", "tls/ and its types"),
    (r"crypt\.h", r"base/password\.cpp", "base::is_password"),
    (r"yaml-cpp/", r"yaml/.*\.cpp", "yaml::node"),
    (r"prometheus/", r"metrics/.*\.cpp", "metrics::registry"),
    (r"spdlog/", r"log/session_log\.cpp", "log::session_log"),
    (r"fmt/", r"(log|trials/selftest)/.*\.cpp", "log/text.hpp"),
    (r"CLI/", r"commands/.*|main\.cpp", "arguments of a function"),
    (r"(chrono|iostream|base/time\.hpp)$", r"(?!ending/)", "a fact that the caller observed"),
]

# Calls and words that only some files may have: what, where (in daemon/), what to do instead.
# The proxy's side of TLS, and the side of `ferrule probe` and of the self-test, which are clients of
# their own.
CHANNEL = r"tls/(channel|unverified_client)\.cpp"
SOCKET = r"net/socket\.cpp"
DESCRIPTOR = r"net/(socket\.cpp|descriptor\.hpp)|base/text_file\.cpp"
STATEMENT = r"(?:^|[;{}()=,])\s*"
CALLS = [
    (r"\bSSL_shutdown\b", CHANNEL, "tls::channel"),
    (r"\bSSL_(?:read|write|peek)(?:_ex)?\b|\bSSL_get_error\b", CHANNEL, "tls::channel"),
    (r"(?<![\w.>:])shutdown\s*\(|(?<![\w>])::\s*shutdown\s*\(", SOCKET, "net::socket"),
    (r"\bSO_LINGER\b", SOCKET, "net::socket"),
    (r"\bsocket_base::linger\b", r"trials/(demo|selftest)/\w+\.cpp", "net::socket"),
    (r"\bfacts_?\s*\.[\w.]+\s*(?:=(?!=)|\+\+|--|[-+|&]=)|\b(?:flow_to|flow_from|peer_of)\s*\([^()]*\)"
     r"\s*\.\w+\s*=(?!=)", r"ending/.*", "a verb of ending/observe.hpp"),
    (r"\bmetrics::", r"(?!session/).*|session/(journal|surroundings)\..*", "session::journal"),
    (r"(?<![\w>])::\s*close\s*\(|" + STATEMENT + r"close\s*\(\s*[^)\s]", DESCRIPTOR,
     "net::socket or net/descriptor.hpp"),
]

# The same for all C++, tests included: nowhere.
NOWHERE = [
    (r"\bSSL_OP_IGNORE_UNEXPECTED_EOF\b", "source::truncated: it would look like a clean end"),
    (r"\(\s*void\s*\)\s*SSL_\w+|static_cast<\s*void\s*>\s*\(\s*SSL_\w+", "its result"),
    (r"\busing\s+namespace\s+(?!std::chrono_literals\s*;)[\w:]+", "the names in full"),
]

# The same for every text file. Written so that this file does not match itself.
WORDS = [
    (r"\b(?:TO[D]O|FIX[M]E|XX[X])\b", "an issue, or a sentence that says what is missing"),
    (r"(?<![\w.-])/(?:[w]ork\b(?!-)|[t]mp/\w)[\w./-]*", "a path relative to the repository"),
    (r"shared/[d]esign", "docs/"),
]

MAX_COLUMNS = 100
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 60
MAX_FUNCTIONS = 25
MAX_MEMBERS = 20
NOT_OURS = {".git", "build", ".cache", "__pycache__"}


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments_and_strings(text):
    """C++ with comments and the insides of literals blanked; every character keeps its place."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"'
        r"|(?<!\w)'(?:\\.|[^'\\\n])+'", re.DOTALL)
    return token.sub(lambda match: blank(match.group()), text)


class Source:
    """One file: its path from the root, its text, and (for C++) its code without the rest."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        self.is_cpp = path.endswith((".cpp", ".hpp", ".hpp.in"))
        self.code = without_comments_and_strings(text) if self.is_cpp else ""
        self.in_daemon = path[len("daemon/"):] if path.startswith("daemon/") else None
        self.folder = path.split("/")[1] if self.in_daemon and "/" in self.in_daemon else None

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def includes(self):
        for number, line in enumerate(self.lines, 1):
            if match := re.match(r'\s*#\s*include\s*[<"]([^">]+)[">]', line):
                yield number, match.group(1)


def banned(what, instead):
    return f"{what} is banned here, use {instead}"


def check_layers(file):
    if file.folder not in LAYERS:
        return
    allowed = {file.folder, *LAYERS[file.folder]}
    for number, name in file.includes():
        folder = name.split("/")[0]
        if name in SYSTEM_HEADERS:
            continue
        if folder in LAYERS and folder not in allowed:
            yield number, banned(name, f"only {', '.join(sorted(allowed))}")


def check_includes(file):
    if file.in_daemon is None:
        return
    for number, name in file.includes():
        for what, where, instead in INCLUDES:
            if re.match(what, name) and not re.match(where, file.in_daemon):
                yield number, banned(f"<{name}>", instead)


def check_calls(file):
    if file.in_daemon is None or not file.is_cpp:
        return
    for what, where, instead in CALLS:
        if not re.fullmatch(where, file.in_daemon):
            for match in re.finditer(what, file.code, re.MULTILINE):
                text = match.group().strip(" \n;{}()=,")
                yield file.line_of(match.start(0) + match.group().find(text)), banned(text, instead)


def check_nowhere(file):
    if file.is_cpp:
        # Clearing an option is the opposite of setting it.
        code = re.sub(r"SSL_(CTX_)?clear_options\([^;]*;", lambda m: blank(m.group()), file.code)
        for what, instead in NOWHERE:
            for match in re.finditer(what, code):
                yield file.line_of(match.start()), banned(match.group(), instead)


def check_words(file):
    for what, instead in WORDS:
        for match in re.finditer(what, file.text):
            yield file.line_of(match.start()), banned(match.group(), instead)


NAMED_FILE = re.compile(
    rf"(?<![\w/.-])((?:daemon/|tests/)?(?:{'|'.join(ROOMS)})/[\w/]+\.(?:cpp|hpp|html|py))(?!\w|\.\w)")


def check_named_files(file):
    """What prose and comments name has to be there: files move."""
    if not (file.is_cpp or file.path.endswith(".md")):
        return
    for number, line in enumerate(file.lines, 1):
        if line.lstrip().startswith("#include"):
            continue
        for name in NAMED_FILE.findall(line):
            if not any((ROOT / folder / name).exists() for folder in ("", "daemon", "tests")):
                yield number, f"there is no file {name}, say where it is now"


def check_text(file):
    if file.text and not file.text.endswith("\n"):
        yield len(file.lines), "the last line has no newline, add one"
    for number, line in enumerate(file.lines, 1):
        if "\t" in line:
            yield number, banned("a tab", "spaces")
        if line.endswith((" ", "\r")):
            yield number, banned("white space at the end of a line", "none")
        if file.is_cpp and len(line) > MAX_COLUMNS:
            yield number, banned(f"a line of {len(line)} characters", f"at most {MAX_COLUMNS}")


def check_header(file):
    if file.path.endswith((".hpp", ".hpp.in")) and "#pragma once" not in file.lines:
        yield 1, "the header has no include guard, add #pragma once"


def check_file_length(file):
    length = len(file.lines) - 1
    reason = "Longer than 300 lines because"
    if file.is_cpp and length > MAX_FILE_LINES and reason not in "\n".join(file.lines[:30]):
        yield 1, banned(f"a file of {length} lines",
                        f"at most {MAX_FILE_LINES}, or say in its first lines: {reason} ...")


def functions(code):
    """(offset, end) of every function body outside of other functions, by counting braces."""
    depth_in_function = 0
    start = since = 0
    for match in re.finditer(r"[{};]", code):
        offset = match.start()
        if depth_in_function:
            depth_in_function += {"{": 1, "}": -1, ";": 0}[match.group()]
            if depth_in_function == 0:
                yield start, offset
        elif match.group() == "{":
            head = code[since:offset]
            opens = re.search(r"\b(?:namespace|class|struct|union|enum)\b[^()]*$", head)
            if not opens and ")" in head:
                depth_in_function = 1
                start = since + len(head) - len(head.lstrip())
        since = offset + 1


def check_function_length(file):
    if not file.path.endswith(".cpp"):
        return
    reason = "Longer than 60 lines because"
    for start, end in functions(re.sub(r"(?m)^\s*#.*$", lambda m: blank(m.group()), file.code)):
        first, last = file.line_of(start), file.line_of(end)
        comment = "\n".join(file.lines[max(0, first - 8):first])
        if last - first + 1 > MAX_FUNCTION_LINES and reason not in comment:
            yield first, banned(f"a function of {last - first + 1} lines",
                                f"at most {MAX_FUNCTION_LINES}, or say above it: {reason} ...")


CLASS = re.compile(r"\b(?<!enum )(?:class|struct)\s+(\w+)(?:\s+final)?(?:\s*:[^{};()]*)?\s*\{")
NO_MEMBER = re.compile(r"\s*(?:using|friend|enum|struct|class|static_assert|static\s+constexpr|"
                       r"static\s+const|template|typedef)\b")


def statements(body):
    """What stands in the body of a class by itself: each declaration, without what is in its braces."""
    depth = since = 0
    kept = ""
    for offset, letter in enumerate(body):
        if letter in "{}":
            if depth == 0:
                kept += body[since:offset]
            depth += 1 if letter == "{" else -1
            since = offset + 1
            if depth == 0 and re.match(r"\s*([^\s;,.)]|$)", body[since:]) and ")" in kept:
                yield kept # a function with its body
                kept = ""
        elif letter == ";" and depth == 0:
            yield kept + body[since:offset]
            kept, since = "", offset + 1


def size_of_class(body):
    """(functions, members) of a class, private ones included; deleted functions are none."""
    functions_found = members = 0
    for statement in statements(body):
        text = re.sub(r"\b(?:public|private|protected)\s*:", "", statement).strip()
        text = re.sub(r"\b(?:alignas|decltype|noexcept)\s*\([^()]*\)", "", text)
        text = re.sub(r"<[^<>;]*>", "", re.sub(r"<[^<>;]*>", "", text))
        if not text or text.endswith("= delete"):
            continue
        if "(" in text and not NO_MEMBER.match(text.replace("template", "")):
            functions_found += 1
        elif "(" not in text and not NO_MEMBER.match(text):
            members += 1
    return functions_found, members


def check_class_size(file):
    """A class that does too much says why it is one; its own header has the reason."""
    if not file.in_daemon or not file.path.endswith(".hpp"):
        return
    reason = "More than 25 functions or 20 members because"
    for match in CLASS.finditer(file.code):
        depth, end = 1, match.end()
        while depth and end < len(file.code):
            depth += {"{": 1, "}": -1}.get(file.code[end], 0)
            end += 1
        count, members = size_of_class(file.code[match.end():end - 1])
        if (count > MAX_FUNCTIONS or members > MAX_MEMBERS) and reason not in file.text:
            yield file.line_of(match.start()), banned(
                f"{match.group(1)} with {count} functions and {members} members",
                f"parts that own their state, or say: {reason} ...")


RULES = [check_layers, check_includes, check_calls, check_nowhere, check_words, check_named_files,
         check_text, check_header, check_file_length, check_function_length,
         check_class_size]


def findings(file):
    return [f"{file.path}:{line}: error: {text}" for rule in RULES for line, text in rule(file)]


def tree():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - NOT_OURS)
        for name in sorted(names):
            path = pathlib.Path(folder, name)
            try:
                text = path.read_text(encoding="utf-8")
            except (UnicodeDecodeError, OSError):
                continue
            yield Source(path.relative_to(ROOT).as_posix(), text)
