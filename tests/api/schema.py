"""JSON Schema, as much as our OpenAPI document uses; a word it does not know fails, so that nothing passes unseen."""

from __future__ import annotations

import re
from typing import Any

KINDS = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
SILENT = {"title", "description", "default", "$defs", "examples"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


SPEAKS_OF = {"properties": dict, "required": dict, "additionalProperties": dict, "items": list, "format": str}
"""As JSON Schema has it: these words say nothing about values of other kinds."""


class Misfit(AssertionError):
    """An answer that the document does not allow."""


def check(value: Any, schema: dict[str, Any], document: dict[str, Any], at: str = "$") -> None:
    """Raise Misfit with the place unless the value fits the schema."""
    for word, wanted in schema.items():
        if word in SILENT:
            continue
        if word not in WORDS:
            raise Misfit(f"{at}: this checker does not know {word!r}")
        if isinstance(value, SPEAKS_OF.get(word, object)):
            WORDS[word](value, wanted, schema, document, at)


def _ref(value: Any, wanted: str, _schema: Any, document: Any, at: str) -> None:
    check(value, document["components"]["schemas"][wanted.rpartition("/")[2]], document, at)


def _type(value: Any, wanted: str, _schema: Any, _document: Any, at: str) -> None:
    if not isinstance(value, KINDS[wanted]) or (isinstance(value, bool) and wanted != "boolean"):
        raise Misfit(f"{at}: {value!r} is no {wanted}")


def _properties(value: Any, wanted: dict[str, Any], _schema: Any, document: Any, at: str) -> None:
    for name in wanted.keys() & value.keys():
        check(value[name], wanted[name], document, f"{at}.{name}")


def _required(value: Any, wanted: list[str], _schema: Any, _document: Any, at: str) -> None:
    if missing := set(wanted) - value.keys():
        raise Misfit(f"{at}: {sorted(missing)} missing")


def _additional(value: Any, wanted: Any, schema: dict[str, Any], document: Any, at: str) -> None:
    for name in value.keys() - schema.get("properties", {}).keys():
        if wanted is False:
            raise Misfit(f"{at}.{name}: not in the document")
        if isinstance(wanted, dict):
            check(value[name], wanted, document, f"{at}.{name}")


def _items(value: Any, wanted: dict[str, Any], _schema: Any, document: Any, at: str) -> None:
    for n, entry in enumerate(value):
        check(entry, wanted, document, f"{at}[{n}]")


def _any_of(value: Any, wanted: list[dict[str, Any]], _schema: Any, document: Any, at: str) -> None:
    misfits = []
    for one in wanted:
        try:
            return check(value, one, document, at)
        except Misfit as misfit:
            misfits.append(str(misfit))
    raise Misfit("; ".join(misfits))


def _format(value: Any, wanted: str, _schema: Any, _document: Any, at: str) -> None:
    if wanted != "date-time" or not MOMENT.fullmatch(value):
        raise Misfit(f"{at}: {value!r} is no {wanted}")


WORDS = {
    "$ref": _ref,
    "type": _type,
    "properties": _properties,
    "required": _required,
    "additionalProperties": _additional,
    "items": _items,
    "anyOf": _any_of,
    "format": _format,
}
