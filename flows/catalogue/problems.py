"""What is wrong with a flow file, said so that its author can mend it: code, place, sentence, cure and caret."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]
NOT_LOOKED_AT = frozenset({"F003", "F901", "F903"})
"""Codes of what is no text, cannot be read, or is not there: commands that were to look at it end with 2."""
LONGEST = 200
"""So much is repeated of what somebody has typed."""


@dataclass(frozen=True)
class FlowProblem:
    """One mistake. `line` and `column` count from 1; `cure` is a sentence such as "did you mean 'email'?" or empty."""

    code: str
    severity: Severity
    message: str
    file: str
    line: int = 1
    column: int = 1
    cure: str = ""
    source_line: str = ""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def sentence(self) -> str:
        """Message and cure in one line."""
        return f"{self.message}; {self.cure}" if self.cure else self.message

    def text(self) -> str:
        """`file:line:col: severity CODE message`, and where there is such a line, it with a caret below the place."""
        said = f"{self.place}: {self.severity} {self.code} {self.sentence()}"
        if not self.source_line.strip():
            return said
        start = max(0, self.column - 90)
        shown = self.source_line[start : start + 120]
        caret = " " * (self.column - 1 - start) + "^"
        return f"{said}\n{shown}\n{caret}"

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        names = ("code", "severity", "message", "cure", "file", "line", "column")
        return {name: getattr(self, name) for name in names}


def called(name: object) -> str:
    """What somebody gave as a name or path, as it can be said back: not endless, on one line, in letters that print."""
    text = str(name).encode("utf-8", "replace").decode().replace("\0", "\\0").replace("\n", "\\n")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def closest(word: str, known: Iterable[str], alike: float = 0.6) -> str | None:
    """The known word that was probably meant; `alike` is how much of both must agree, 0 to 1."""
    lowered = {name.lower(): name for name in sorted({*known})}
    close = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=alike)
    return lowered[close[0]] if close else None


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean 'email'?` when a known word is close to what was written, else an empty string."""
    meant = closest(word, known)
    return f"did you mean '{meant}'?" if meant else ""


def cure_among(word: str, known: Iterable[str] | Mapping[str, Any], what: str = "known") -> str:
    """The nearest known word, else the list of all when it is short enough to read."""
    names = sorted({*known} - {""})
    near = nearest(word, names)
    if near or not names:
        return near
    return f"{what}: {', '.join(names[:12])}" + (" ..." if len(names) > 12 else "")
