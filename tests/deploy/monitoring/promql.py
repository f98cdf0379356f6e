"""What a test has to know of PromQL: which series an expression asks for, and how to see whether
each part of it finds any.

No parser: the expressions are Prometheus' own (it has accepted them), so their grouping clauses,
selectors, ranges and strings can be told apart by their shape.
"""

import re

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_braces = re.compile(r'\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\}')
_grouping = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_range = re.compile(r"\[[^\]]*\]")
_selector = re.compile(r"(?<![\w:.])([a-zA-Z_:][\w:]*)(?![\w:]|\s*\()(\s*\{\d+\})?")
_matcher = re.compile(r'([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*")')
_words = {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left",
          "group_right", "inf", "nan"}
_comparison = re.compile(r"(==|!=|>=|<=|[<>](?!=))(?!\s*bool\b)\s*")


def _hide_braces(text):
    """The text with `{...}` as `{0}`, `{1}`, and what stood there."""
    hidden = []

    def hide(match):
        hidden.append(match.group())
        return f"{{{len(hidden) - 1}}}"
    return _braces.sub(hide, text), hidden


def selectors(expression):
    """Every (metric name, tuple of (label, operator, quoted value)) that an expression reads."""
    text, hidden = _hide_braces(expression)
    text = STRING.sub('""', text)
    text = _range.sub("", _grouping.sub(" ", text))
    found = []
    for name, place in _selector.findall(text):
        if name.lower() not in _words:
            inside = hidden[int(place.strip()[1:-1])] if place else ""
            found.append((name, tuple(_matcher.findall(inside))))
    return found


def single(selector):
    """The selectors of which each must find a series, if the selector is to be as it is written:
    one for each alternative of `label=~"a|b"`. A variable of a dashboard stands for any value."""
    name, matchers = selector
    ways = [[]]
    for label, operator, value in matchers:
        if value.startswith('"$'):
            operator, value = "=~", '".+"'
        alternatives = [value]
        if operator == "=~" and re.fullmatch(r'"\w+(\|\w+)+"', value):
            alternatives = [f'"{each}"' for each in value.strip('"').split("|")]
        ways = [way + [f"{label}{operator}{each}"] for way in ways for each in alternatives]
    return [f"{name}{{{','.join(way)}}}" for way in ways]


def without_conditions(expression):
    """An expression that has a result exactly if every part of the given one finds series: each
    comparison says 0 or 1 instead of dropping what does not hold, and `unless` and `or` want
    both of their sides."""
    text, hidden = _hide_braces(expression)
    pieces = re.split(r'("(?:[^"\\]|\\.)*")', text)
    for index in range(0, len(pieces), 2):
        piece = re.sub(r"\b(?:unless|or)\b", "and", pieces[index])
        pieces[index] = _comparison.sub(r"\1 bool ", piece)
    return re.sub(r"\{(\d+)\}", lambda match: hidden[int(match[1])], "".join(pieces))
