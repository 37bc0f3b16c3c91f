"""How wide words are and where lines break, without a browser; a little too wide rather than too narrow."""

from __future__ import annotations

from functools import lru_cache

NARROW, SLIM, BROAD, WIDE = 0.29, 0.4, 0.74, 0.95
_WIDTHS = {
    **dict.fromkeys("ijlI.,:;'|!’", NARROW), **dict.fromkeys("ftr()[]-/ \"“”", SLIM), **dict.fromkeys("mwMW%@—", WIDE),
    **dict.fromkeys("ABCDEGHKNOQRUVXY×→", BROAD),
}  # fmt: skip
USUAL, FOREIGN, BOLDER = 0.59, 1.05, 1.07
ELLIPSIS = "…"


@lru_cache(maxsize=4096)
def width(text: str, size: float, bold: bool = False) -> float:
    """About how many pixels a text takes in the fonts that `system-ui` may be."""
    ems = sum(_WIDTHS.get(letter, USUAL if ord(letter) < 0x250 else FOREIGN) for letter in text)
    return ems * size * (BOLDER if bold else 1)


def wrapped(text: str, room: float, size: float, bold: bool = False, most: int = 4) -> list[str]:
    """The text in at most so many lines that fit the room; what is left out is shown by an ellipsis."""
    lines = [""]
    for word in _breakable(text, room, size, bold):
        joined = f"{lines[-1]} {word}".strip()
        if width(joined, size, bold) <= room:
            lines[-1] = joined
        else:
            lines.append(word)
    lines = [line for line in lines if line]
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], _shortened(lines[most - 1], room, size, bold)]


def _breakable(text: str, room: float, size: float, bold: bool) -> list[str]:
    """The words; one that is longer than a line is cut where the line ends."""
    found = []
    for word in text.split():
        while width(word, size, bold) > room and len(word) > 1:
            fits = next(n for n in range(len(word) - 1, 0, -1) if n == 1 or width(word[:n], size, bold) <= room)
            found.append(word[:fits])
            word = word[fits:]
        found.append(word)
    return found


def _shortened(line: str, room: float, size: float, bold: bool) -> str:
    while line and width(line + ELLIPSIS, size, bold) > room:
        line = line[:-1]
    return line.rstrip() + ELLIPSIS
