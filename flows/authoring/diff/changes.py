"""One difference between two versions, and what it means for the instances that are moved."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["added", "removed", "renamed", "merged", "reordered", "changed"]
PARTS = {
    "flow": "The flow",
    "start": "How it begins",
    "steps": "Steps",
    "questions": "Questions",
    "states": "States",
    "actions": "Actions",
    "timers": "Timers",
    "effects": "Effects",
    "outcomes": "Outcomes",
    "links": "Links",
}
"""In the order in which they are told."""
MARKS: dict[Kind, str] = {"added": "+", "removed": "-", "renamed": ">", "merged": ">", "reordered": "~", "changed": "~"}
NOTHING = "nothing"
HARMLESS = "harmless"
NEW_ONES = "only those that begin from now on"
LATER = "holds for what happens from now on; what has happened owes nothing"


@dataclass(frozen=True)
class Change:
    """`name` is the place in the file, `title` what people call it; `before` and `after` are plain values.

    `means` says what it means for running ones; "harmless" for nothing at all.
    """

    part: str
    kind: Kind
    name: str
    title: str = ""
    key: str = ""
    before: Any = None
    after: Any = None
    means: str = HARMLESS

    @property
    def sentence(self) -> str:
        """In plain English, the place first."""
        called = f"{self.name} “{self.title}”" if self.title and self.title != self.name else self.name
        match self.kind:
            case "added" | "removed":
                return f"{called} {self.kind}"
            case "renamed":
                return f"{called} is called {self.after} now"
            case "merged":
                return f"{called} is a part of {self.after} now"
            case "reordered":
                return f"{called} in another order: {', '.join(self.after)}"
        return f"{called}, {self.key}: {value_in_words(self.before)} → {value_in_words(self.after)}"

    def plain(self) -> dict[str, Any]:
        return {**asdict(self), "sentence": self.sentence}


def value_in_words(value: Any) -> str:
    """A value of a file on one line."""
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f"“{value}”" if " " in value or not value.isascii() else value
    if isinstance(value, dict):
        known = {key: inner for key, inner in value.items() if inner not in (None, [], {})}
        return "{" + ", ".join(f"{key}: {value_in_words(inner)}" for key, inner in known.items()) + "}"
    if isinstance(value, list):
        return ", ".join(value_in_words(inner) for inner in value)
    return str(value)
