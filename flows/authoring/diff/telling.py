"""The differences as people read them, and as programs do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from flows.authoring.diff.changes import HARMLESS, MARKS, PARTS, Change
from flows.words import gettext as _

Names = tuple[str, str]
"""How the two versions are called: "version 7", "file"."""


def grouped(changes: Sequence[Change]) -> Mapping[str, list[Change]]:
    """By the words of their part, in order; parts in which nothing is another are left out."""
    found = {_(words): [one for one in changes if one.part == part] for part, words in PARTS.items()}
    return {words: several for words, several in found.items() if several}


def as_text(flow: str, names: Names, changes: Sequence[Change]) -> str:
    """Grouped, each with what it means for running ones where it means anything."""
    head = f"{flow}: {names[0]} → {names[1]}"
    if not changes:
        return f"{head}\nBoth say the same."
    lines = [head]
    for words, several in grouped(changes).items():
        lines += ["", words]
        for one in several:
            lines.append(f"  {MARKS[one.kind]} {one.sentence}")
            lines += [f"      running ones: {one.meaning}"] if one.means != HARMLESS else []
    harmless = sum(one.means == HARMLESS for one in changes)
    many = f"{len(changes)} difference{'' if len(changes) == 1 else 's'}"
    return "\n".join([*lines, "", f"{many}, {harmless} of them harmless for running ones"])


def as_json(flow: str, names: Names, changes: Sequence[Change]) -> str:
    facts = {"flow": flow, "before": names[0], "after": names[1], "changes": [one.plain() for one in changes]}
    return json.dumps(facts, indent=2, ensure_ascii=False)


FORMATS: Mapping[str, Callable[[str, Names, Sequence[Change]], str]] = {"text": as_text, "json": as_json}
