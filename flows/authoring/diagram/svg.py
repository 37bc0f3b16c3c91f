"""A picture written down as SVG: no style and no script inside, so that it may stand in any page.

Classes are for the stylesheet (static/diagram.css); what is written at the shapes themselves draws the same picture in
one colour, `currentColor`, where there is no stylesheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from flows.authoring.diagram.lettering import width
from flows.authoring.diagram.picture import NOTE_SIZE, PAD_X, TITLE_SIZE, Band, Box, Line, Picture, Point, Wire

CORNER = 7.0
ROUND, PILL = 8.0, 18.0
BADGE_H = 19.0
ICONS = {
    "start": "M5 3.2l8 4.8-8 4.8z",
    "payment": "M1.5 3.5h13v9h-13zM1.5 6.5h13M4 10h3",
    "review": "M1 8s2.6-4.6 7-4.6S15 8 15 8s-2.6 4.6-7 4.6S1 8 1 8zM8 6.1a1.9 1.9 0 1 0 .01 0z",
    "choice": "M8 1.5 14.5 8 8 14.5 1.5 8z",
    "clock": "M8 1.8a6.2 6.2 0 1 0 .01 0zM8 4.6V8l2.4 1.6",
}
ITSELF = {"fill": "none", "stroke": "currentColor"}
SIZES = {"": NOTE_SIZE, "action": 12.5}


def svg(picture: Picture, name: str) -> str:
    """The whole drawing; `name` makes its ids unique in a page."""
    ids = re.sub(r"[^a-z0-9]+", "-", name.lower()) or "flow"
    title, described = f"{ids}-title", f"{ids}-desc"
    tones = dict.fromkeys(_tip_of(wire) for wire in picture.wires)
    parts = [
        _open(
            "svg", xmlns="http://www.w3.org/2000/svg", class_="diagram", role="img",
            aria_labelledby=f"{title} {described}", viewBox=f"0 0 {_n(picture.width)} {_n(picture.height)}",
            width=_n(picture.width), height=_n(picture.height), font_family="system-ui, sans-serif",
            fill="currentColor",
        ),
        f'<title id="{title}">{_text(picture.title)}</title><desc id="{described}">{_text(picture.summary)}</desc>',
        "<defs>", *(_tip(ids, tone) for tone in tones), "</defs>",
        *(_band(band) for band in picture.bands),
        *(_wire(wire, ids) for wire in picture.wires),
        *(_box(box) for box in picture.boxes),
        "</svg>",
    ]  # fmt: skip
    return "\n".join(parts)


def _band(band: Band) -> str:
    shape = _rect(band.x, band.y, band.w, band.h, 10, fill="currentColor", fill_opacity=".045")
    heading = _open(
        "text", x=_n(band.x + band.w / 2), y=_n(band.y + 21), text_anchor="middle", font_size="12.5", font_weight="600"
    )
    return f'<g class="band {band.kind}">{shape}{heading}{_text(band.title)}</text></g>'


# --- wires ----------------------------------------------------------------------------------------------------------


def _tip_of(wire: Wire) -> str:
    return wire.tone or ("back" if wire.kind == "returned" else "")


def _tip(ids: str, tone: str) -> str:
    head = _open(
        "marker", id=f"{ids}-tip{'-' if tone else ''}{tone}", class_=f"tip {tone}".strip(), viewBox="0 0 8 8", refX="7",
        refY="4", markerWidth="8", markerHeight="8", markerUnits="userSpaceOnUse", orient="auto",
    )  # fmt: skip
    return f'{head}<path d="M0 .5 7.5 4 0 7.5z"/></marker>'


def _wire(wire: Wire, ids: str) -> str:
    tone = _tip_of(wire)
    more = {"stroke_dasharray": "5 4"} if wire.kind == "returned" else {}
    way = _open(
        "path", d=_way(wire.points), marker_end=f"url(#{ids}-tip{'-' if tone else ''}{tone})", stroke_width="1.5",
        **ITSELF, **more,
    )  # fmt: skip
    label = ""
    if wire.label:
        x, y = wire.label_at
        label = f"{_open('text', x=_n(x), y=_n(y), font_size='11')}{_text(wire.label)}</text>"
    group = _open(
        "g", class_=" ".join(part for part in ("wire", wire.kind, wire.tone) if part), data_from=wire.source,
        data_to=wire.target, **({"data_name": wire.name} if wire.name else {}),
    )  # fmt: skip
    return f"{group}<title>{_text(wire.words)}</title>{_closed(way)}{label}</g>"


def _way(points: Sequence[Point]) -> str:
    """A path along the points with round corners; points in a row are passed."""
    corners = [points[0], *_corners(points), points[-1]]
    path = [f"M{_n(corners[0][0])} {_n(corners[0][1])}"]
    for before, here, after in zip(corners, corners[1:], corners[2:], strict=False):
        size = min(CORNER, _far(before, here) / 2, _far(here, after) / 2)
        (x1, y1), (x2, y2) = _towards(here, before, size), _towards(here, after, size)
        path.append(f"L{_n(x1)} {_n(y1)}Q{_n(here[0])} {_n(here[1])} {_n(x2)} {_n(y2)}")
    return "".join([*path, f"L{_n(corners[-1][0])} {_n(corners[-1][1])}"])


def _corners(points: Sequence[Point]) -> Iterator[Point]:
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        turns = (here[0] - before[0]) * (after[1] - here[1]) != (here[1] - before[1]) * (after[0] - here[0])
        if turns and here != before:
            yield here


def _far(one: Point, other: Point) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _towards(here: Point, there: Point, size: float) -> Point:
    far = _far(here, there) or 1
    return here[0] + (there[0] - here[0]) * size / far, here[1] + (there[1] - here[1]) * size / far


# --- boxes ------------------------------------------------------------------------------------------------------------


def _box(box: Box) -> str:
    classes = " ".join(part for part in ("box", box.kind, box.tone) if part)
    radius = PILL if box.kind in ("start", "end") else ROUND
    parts = [
        f'<g class="{classes}" data-id={quoteattr(box.id)}><title>{_text(box.words)}</title>',
        _rect(box.x, box.y, box.w, box.h, radius, stroke_width="1.25", stroke_opacity=".55", **ITSELF),
        *(_rule(box, y) for y in box.lettered.rules),
        _mark(box),
        *(_line(box, line) for line in box.lettered.lines),
        _badge(box),
        "</g>",
    ]
    return "".join(parts)


def _mark(box: Box) -> str:
    """The icon of its kind, or the bar at the side of a step."""
    if box.kind in ICONS:
        icon = _open(
            "path", class_="icon", d=ICONS[box.kind], transform=f"translate({_n(box.x + PAD_X - 1)} {_n(box.y + 11)})",
            stroke_width="1.5", stroke_linejoin="round", stroke_linecap="round", **ITSELF,
        )  # fmt: skip
        return _closed(icon)
    if box.kind == "step":
        bar = {"class_": "bar", "x": _n(box.x), "y": _n(box.y + 9), "width": "3", "height": _n(box.h - 18), "rx": "1.5"}
        return _closed(_open("rect", **bar))
    return ""


def _line(box: Box, line: Line) -> str:
    x = box.x + PAD_X + (20 if box.kind in ICONS else 0)
    kind = "name" if line.is_title else line.kind or "note"
    size = {"font_size": _n(TITLE_SIZE if line.is_title else SIZES[line.kind])}
    weight = {"font_weight": "600"} if line.is_title else {"fill_opacity": ".75"} if kind == "note" else {}
    opened = _open("text", class_=kind, x=_n(x), y=_n(box.y + line.y), **size, **weight)
    return f"{opened}{_text(line.text)}</text>"


def _rule(box: Box, y: float) -> str:
    return _closed(
        _open("path", class_="rule", d=f"M{_n(box.x)} {_n(box.y + y)}h{_n(box.w)}", stroke_opacity=".25", **ITSELF)
    )


def _badge(box: Box) -> str:
    """How many open instances are here, on the upper right corner."""
    if not box.count:
        return ""
    words = f"{box.count:,}"
    wide = max(BADGE_H + 4, width(words, 11.5, bold=True) + 14)
    x, y = box.right - wide + 8, box.y - BADGE_H / 2
    shape = _rect(x, y, wide, BADGE_H, BADGE_H / 2, fill="currentColor")
    number = _open(
        "text",
        x=_n(x + wide / 2),
        y=_n(y + 13.5),
        text_anchor="middle",
        font_size="11.5",
        font_weight="700",
        fill="Canvas",
    )
    return f'<g class="count"><title>{words} open here</title>{shape}{number}{words}</text></g>'


# --- writing ----------------------------------------------------------------------------------------------------------


def _rect(x: float, y: float, w: float, h: float, radius: float, **more: str) -> str:
    return _closed(_open("rect", x=_n(x), y=_n(y), width=_n(w), height=_n(h), rx=_n(min(radius, h / 2)), **more))


def _open(tag: str, **attributes: str) -> str:
    """`class_` and `data_from` are written class and data-from; names of SVG such as viewBox stay as they are."""
    written = (f"{name.rstrip('_').replace('_', '-')}={quoteattr(value)}" for name, value in attributes.items())
    return f"<{tag} {' '.join(written)}>"


def _closed(opened: str) -> str:
    return opened[:-1] + "/>"


def _n(value: float) -> str:
    """A coordinate with at most one digit after the point."""
    return f"{value:.1f}".removesuffix(".0")


def _text(words: str) -> str:
    return escape(words)
