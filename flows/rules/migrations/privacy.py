"""What stays private in an instance that was answered while its flow said so, whatever the new version says (X20)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from flows.rules import private
from flows.rules.migrations.names import FlowLike, Names, fields_of


def still_private(
    old: FlowLike, new: FlowLike, names: Names, answered: Collection[str], before: Iterable[str]
) -> list[str]:
    """Dotted names, as the new text has them, of what is sensitive in the old text and was `answered` under it.

    `before` are those that stay private since an earlier move: also of a question that is in neither of the two, as a
    later version may ask it again. What the new text calls sensitive itself needs no mention.
    """
    then = {part for part in private.parts(fields_of(old)) if part.partition(".")[0] in answered}
    today = {*private.parts(fields_of(new))}
    named = (_renamed(part, names) for part in {*then, *before})
    return sorted(part for part in named if part not in today and part.partition(".")[0] not in today)


def _renamed(part: str, names: Names) -> str:
    name, dot, below = part.partition(".")
    return f"{names.fields.get(name, name)}{dot}{below}"
