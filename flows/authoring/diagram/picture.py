"""A drawing before it is written down: bands, boxes with their words, and wires between them, in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flows.authoring.diagram.lettering import wrapped

TITLE_SIZE, NOTE_SIZE = 13.5, 11.5
TITLE_LINE, NOTE_LINE = 18.0, 15.0
PAD_X, PAD_Y, AFTER_TITLE, BETWEEN_NOTES = 13.0, 10.0, 1.0, 3.0
MOST_TITLE, MOST_NOTE = 3, 4

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """One line of words; `y` is its base line below the top of the box."""

    text: str
    y: float
    is_title: bool
    kind: str = ""


@dataclass(frozen=True)
class Lettered:
    """The words of a box as lines, the height that they need, and where it is ruled across."""

    lines: tuple[Line, ...]
    height: float
    rules: tuple[float, ...] = ()


@dataclass(frozen=True)
class Box:
    """A node in its place; `kind` and `tone` become classes, `count` a badge."""

    id: str
    kind: str
    x: float
    y: float
    w: float
    h: float
    lettered: Lettered
    tone: str = ""
    count: int = 0
    words: str = ""

    @property
    def cx(self) -> float:
        return self.x + self.w / 2

    @property
    def cy(self) -> float:
        return self.y + self.h / 2

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h


@dataclass(frozen=True)
class Wire:
    """A way from box to box along right angles; `label` is shown at a place of its own, `words` when pointed at.

    `name` tells several from the same box to the same apart.
    """

    source: str
    target: str
    kind: str
    points: tuple[Point, ...]
    words: str
    label: str = ""
    label_at: Point = (0, 0)
    tone: str = ""
    name: str = ""


@dataclass(frozen=True)
class Band:
    """A lane or a column with its heading."""

    title: str
    kind: str
    x: float
    y: float
    w: float
    h: float


@dataclass
class Picture:
    title: str
    summary: str
    width: float = 0
    height: float = 0
    bands: list[Band] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)


def lettered(title: str, notes: Sequence[str], room: float, indent: float = 0) -> Lettered:
    """Title and notes broken into lines for a box that leaves them so much room; `indent` is kept free before them."""
    lines: list[Line] = []
    y = PAD_Y
    for text in wrapped(title, room - indent, TITLE_SIZE, bold=True, most=MOST_TITLE):
        y += TITLE_LINE
        lines.append(Line(text, y - 5, True))
    y += AFTER_TITLE if notes else 0
    for n, note in enumerate(notes):
        y += BETWEEN_NOTES if n else 0
        for text in wrapped(note, room - indent, NOTE_SIZE, most=MOST_NOTE):
            y += NOTE_LINE
            lines.append(Line(text, y - 4, False))
    return Lettered(tuple(lines), y + PAD_Y)
