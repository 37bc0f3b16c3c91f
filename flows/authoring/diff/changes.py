"""One difference between two versions, and what it means for the instances that are moved."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from flows.words import N_, retold
from flows.words import gettext as _

Kind = Literal["added", "removed", "renamed", "merged", "reordered", "changed"]
PARTS = {
    "flow": N_("The flow"),
    "start": N_("How it begins"),
    "steps": N_("Steps"),
    "questions": N_("Questions"),
    "states": N_("States"),
    "actions": N_("Actions"),
    "timers": N_("Timers"),
    "effects": N_("Effects"),
    "outcomes": N_("Outcomes"),
    "links": N_("Links"),
}
"""In the order in which they are told; in English, as everything here that is kept first and said later."""
MARKS: dict[Kind, str] = {"added": "+", "removed": "-", "renamed": ">", "merged": ">", "reordered": "~", "changed": "~"}
NOTHING = N_("nothing")
HARMLESS = N_("harmless")
NEW_ONES = N_("only those that begin from now on")
LATER = N_("holds for what happens from now on; what has happened owes nothing")


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
        """In plain words of the reader, the place first."""
        called = f"{self.name} “{self.title}”" if self.title and self.title != self.name else self.name
        match self.kind:
            case "added":
                return _("%(what)s added", what=called)
            case "removed":
                return _("%(what)s removed", what=called)
            case "renamed":
                return _("%(what)s is called %(name)s now", what=called, name=self.after)
            case "merged":
                return _("%(what)s is a part of %(whole)s now", what=called, whole=self.after)
            case "reordered":
                return _("%(what)s in another order: %(order)s", what=called, order=", ".join(self.after))
        return f"{called}, {self.key}: {value_in_words(self.before)} → {value_in_words(self.after)}"

    @property
    def meaning(self) -> str:
        """What it means for running ones, to whoever reads it; `means` has it in English."""
        return retold(self.means)

    def plain(self) -> dict[str, Any]:
        return {**asdict(self), "sentence": self.sentence}


def value_in_words(value: Any) -> str:
    """A value of a file on one line."""
    if value is None or value in ("", [], {}):
        return _(NOTHING)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str):
        return f"“{value}”" if " " in value or not value.isascii() else value
    if isinstance(value, dict):
        known = {key: inner for key, inner in value.items() if inner not in (None, [], {})}
        return "{" + ", ".join(f"{key}: {value_in_words(inner)}" for key, inner in known.items()) + "}"
    if isinstance(value, list):
        return ", ".join(value_in_words(inner) for inner in value)
    return str(value)
