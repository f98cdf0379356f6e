"""Configuration files from Python values."""

import re


def _scalar(value):
    if value is True or value is False:
        return "true" if value else "false"
    text = str(value)
    # "1.2" is a version and not a number; what YAML could take for something else is quoted.
    if isinstance(value, str) and (re.fullmatch(r"[0-9.]+", text) or text == ""
                                   or text[0] in "[{&*!|>'\"%@`#" or ": " in text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text


def to_yaml(value, depth=0):
    """Block style, as the manual writes it; lists of scalars in one line."""
    indent = "  " * depth
    if isinstance(value, dict):
        lines = []
        for key, item in value.items():
            if isinstance(item, dict) and item:
                lines.append(f"{indent}{key}:\n{to_yaml(item, depth + 1)}")
            elif isinstance(item, list) and item and isinstance(item[0], dict):
                lines.append(f"{indent}{key}:\n{to_yaml(item, depth + 1)}")
            elif isinstance(item, list):
                lines.append(f"{indent}{key}: [{', '.join(_scalar(entry) for entry in item)}]\n")
            else:
                lines.append(f"{indent}{key}: {_scalar(item)}\n")
        return "".join(lines)
    entries = []
    for item in value:
        text = to_yaml(item, depth + 1)
        entries.append(f"{indent}- {text[len(indent) + 2:]}")
    return "".join(entries)


def merged(base, extra):
    """`base` with `extra` laid over it, key by key."""
    result = dict(base)
    for key, value in (extra or {}).items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def listener(name, backend, certificate, key, addresses=("127.0.0.1:0",), tls=None, **more):
    return {"name": name, "addresses": list(addresses),
            "tls": merged({"certificate": certificate, "key": key}, tls),
            "backend": backend, **more}


def configuration(listeners, backends, **more):
    """A whole file with the settings that every test wants; `backends` is name → servers, or
    name → the whole entry without its name."""
    base = {
        "workers": 1,
        "log": {"format": "json", "sessions": "all", "target": "stderr", "level": "debug"},
        "metrics": {"address": "127.0.0.1:0"},
    }
    return merged(base, {
        **more,
        "listeners": listeners,
        "backends": [{"name": name, **(entry if isinstance(entry, dict) else
                                       {"servers": list(entry)})}
                     for name, entry in backends.items()],
    })
