"""YAML documents, and the durations in them. Python's own library reads no YAML."""

import re
import sys

try:
    import yaml
except ImportError:
    sys.exit("not installed: python3-yaml ([deploy] in the file `packages`)")

_units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


def load(path):
    """The one document of a file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def load_all(text):
    """All documents of a text, without empty ones."""
    return [document for document in yaml.safe_load_all(text) if document]


def seconds(text):
    """A duration as Ferrule and Docker Compose write it: `1m30s` is 90."""
    assert re.fullmatch(r"(\d+(ms|s|m|h))+", text), text
    return sum(int(number) * _units[unit]
               for number, unit in re.findall(r"(\d+)(ms|s|m|h)", text))
