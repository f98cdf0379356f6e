"""docs/performance.svg: what each proxy costs in each row, as a multiple of the best peer."""

from html import escape

import table
from proxies import OURS

LEFT, RIGHT, ROW, TOP = 310, 40, 30, 108
WIDTH = 900
MOST = 2.5  # what costs more stands at the edge
COLOURS = {OURS: "#c2410c", "HAProxy": "#2563eb", "nginx": "#15803d", "hitch": "#7c3aed",
           "stunnel": "#6b7280", "HAProxy tuned": "#93c5fd", "nginx tuned": "#86efac"}


def _x(ratio):
    return LEFT + (WIDTH - LEFT - RIGHT) * min(ratio, MOST) / MOST


def _text(x, y, words, **style):
    style = {"font-size": 13, **{name.replace("_", "-"): value for name, value in style.items()}}
    attributes = "".join(f' {name}="{value}"' for name, value in style.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{attributes}>{escape(words)}</text>'


def _line(x1, y1, x2, y2, colour, width=1, dash=""):
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width}"{dashes}/>')


def _legend():
    parts, x = [], LEFT
    for name, colour in COLOURS.items():
        parts.append(f'<circle cx="{x}" cy="44" r="5" fill="{colour}"/>')
        parts.append(_text(x + 9, 48, name, font_size=12))
        x += 24 + 7 * len(name)
    parts.append(_line(LEFT, 58, LEFT, 72, "#111827", 2))
    parts.append(_text(LEFT + 8, 69, "limit: a plain relay and OpenSSL alone", font_size=12))
    parts.append(_line(LEFT + 262, 58, LEFT + 262, 72, COLOURS[OURS], 2, "3 2"))
    parts.append(_text(LEFT + 270, 69, "Ferrule's goal", font_size=12))
    return parts


def _row(entry, y):
    row, proxies = entry["row"], entry["proxies"]
    best = proxies[entry["best"]]["median"]
    parts = [_text(LEFT - 12, y + 4, row.title, text_anchor="end")]
    ours = proxies[OURS]["median"] / best
    parts.append(f'<rect x="{LEFT}" y="{y - 8}" width="{_x(ours) - LEFT:.1f}" height="16" '
                 f'fill="{COLOURS[OURS]}" fill-opacity="0.28"/>')
    for name, each in sorted(proxies.items(), key=lambda pair: pair[0] == OURS):
        ratio = each["median"] / best
        words = f"{name}: {table.number(each['median'])} {row.unit}, {ratio:.2f} of the best peer"
        parts.append(f'<circle cx="{_x(ratio):.1f}" cy="{y}" r="5" '
                     f'fill="{COLOURS.get(name, "#000")}"><title>{escape(words)}</title></circle>')
    if entry["limit"]:
        x = _x(entry["limit"] / best)
        parts.append(_line(x, y - 9, x, y + 9, "#111827", 2))
    if row.in_goals:
        x = _x(row.goal_best)
        parts.append(_line(x, y - 11, x, y + 11, COLOURS[OURS], 2, "3 2"))
    return parts


def svg(entries):
    """The picture of what table.rows() returned; rows without a peer are left out."""
    shown = [each for each in entries if each["best"]]
    height = TOP + ROW * len(shown) + 20
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
             f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" fill="#111827">',
             f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
             _text(20, 24, "Cost of each unit of work, as a multiple of the best peer's "
                           "(shorter is better)", font_size=15, font_weight="bold")]
    parts += _legend()
    for tick in range(0, int(MOST * 2) + 1):
        x = _x(tick / 2)
        parts.append(_line(x, TOP - 12, x, height - 12, "#9ca3af" if tick == 2 else "#e5e7eb"))
        parts.append(_text(x, TOP - 16, f"{tick / 2:g}", text_anchor="middle", font_size=11,
                           fill="#4b5563"))
    for number, entry in enumerate(shown):
        parts += _row(entry, TOP + ROW * number + 8)
    return "\n".join([*parts, "</svg>"]) + "\n"
