"""Where files stand among answers: the uploads of every file field, also below lists, and the controls of a form."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

from flows.rules.answers.groups import MOST_ITEMS
from flows.rules.answers.shapes import FieldLike


class Place(NamedTuple):
    """The uploads that stand in one answer of a file field: `path` is its name, below a list `pets.scan`.

    `visible_to` and `is_sensitive` are those of the field, or of the list around it; None when everybody may see it.
    """

    path: str
    field: FieldLike
    ids: list[str]
    visible_to: Collection[str] | None
    is_sensitive: bool


def asks_for_files(fields: Mapping[str, FieldLike]) -> bool:
    return any(
        field.type == "file" or (field.type == "list" and asks_for_files(field.item)) for field in fields.values()
    )


def files_in(
    fields: Mapping[str, FieldLike],
    values: Mapping[str, Any],
    above: str = "",
    seen_by: Collection[str] | None = None,
    is_sensitive: bool = False,
) -> Iterator[Place]:
    """Every file field with the ids in it; values may be clean or just as somebody sent them."""
    for name, field in fields.items():
        value, visible_to = values.get(name), seen_by or field.visible_to
        private = is_sensitive or bool(field.sensitive)
        if field.type == "file":
            yield Place(f"{above}{name}", field, ids_of(value), visible_to, private)
        elif field.type == "list" and isinstance(value, (list, tuple)):
            for entry in value:
                if isinstance(entry, Mapping):
                    yield from files_in(field.item, entry, f"{above}{name}.", visible_to, private)


def guard_of(fields: Mapping[str, FieldLike], path: str) -> tuple[Collection[str], bool] | None:
    """Whom these fields let see the files of `pets.scan`, and whether it is sensitive; None where nothing is asked."""
    name, _dot, below = path.partition(".")
    field = fields.get(name)
    if field is None:
        return None
    inner = guard_of(field.item or {}, below) if below else ((), False)
    if inner is None:
        return None
    return field.visible_to or inner[0], bool(field.sensitive) or inner[1]


def ids_in(fields: Mapping[str, FieldLike], values: Mapping[str, Any]) -> list[str]:
    """All the ids in answers to these fields, in the order of the fields."""
    return [uid for place in files_in(fields, values) for uid in place.ids]


def ids_of(value: Any) -> list[str]:
    """The ids in an answer, each once, in their order; whatever is none is left out."""
    given = [value] if isinstance(value, str) else value if isinstance(value, (list, tuple)) else ()
    return list(dict.fromkeys(one.strip() for one in given if isinstance(one, str) and one.strip()))


def dressed(
    fields: Mapping[str, FieldLike], values: Mapping[str, Any], thing_of: Callable[[str], Any]
) -> dict[str, Any]:
    """The same values with a thing (name, size, state) in place of every id, for whoever draws them."""
    drawn = dict(values)
    for name, field in fields.items():
        value = values.get(name)
        if field.type == "file" and value is not None:
            drawn[name] = [thing_of(uid) for uid in ids_of(value)]
        elif field.type == "list" and isinstance(value, (list, tuple)):
            drawn[name] = [dressed(field.item, one, thing_of) if isinstance(one, Mapping) else one for one in value]
    return drawn


def file_controls(
    fields: Mapping[str, FieldLike], sent: Collection[str], prefix: str = ""
) -> Iterator[tuple[str, FieldLike]]:
    """A form's file inputs by their names, `passport` and `pets-0-scan`; `sent` are all the names in it."""
    for name, field in fields.items():
        key = f"{prefix}{name}"
        if field.type == "file":
            yield key, field
        elif field.type == "list" and asks_for_files(field.item):
            for n in places_of(key, sent):
                yield from file_controls(field.item, sent, f"{key}-{n}-")


def places_of(key: str, sent: Collection[str]) -> list[int]:
    """Which entries of a list a form has controls for, by their numbers."""
    numbered = re.compile(rf"{re.escape(key)}-(\d{{1,4}})-", re.ASCII)
    return sorted({int(found[1]) for name in sent if (found := numbered.match(name))})[: MOST_ITEMS + 1]
