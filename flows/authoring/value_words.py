"""What a key of the language takes, in a few words, read off its JSON schema; for the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flows.authoring.meanings import EFFECTS, FIELDS, group_of

Schema = Mapping[str, Any]

PATTERNS = {
    r"^[a-z][a-z0-9_]*$": "name",
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "flow's name",
    r"^[A-Za-z][A-Za-z0-9_]*$": "state",
    r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$": "`plugin.name`",
    r"^(0|[1-9][0-9]{0,6})(m|h|d|wd|w)$": "span",
    r"^(([01][0-9]|2[0-3]):[0-5][0-9]|end)$": "time, or `end`",
    r"^(today([+-][0-9]{1,4}[dwmy])?|[0-9]{4}-[0-9]{2}-[0-9]{2})$": "day",
    r"^((now|today)([+-][0-9]{1,4}[mhdwy])?|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:]{5,8})?)$": "moment",
    r"^(staff|customer|creator|assignee|manager|department|role\.[a-z][a-z0-9_]*)$": "person",
    r"^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*$": "template",
    r"^([A-Za-z0-9_-]+/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*$": "file",
    r"^[A-Z]{3}$": "currency",
    r"^https?://[^\s/]+\S*$": "web address",
    r"\$\{\{": "hole",
    r"^(created|step\.[a-z][a-z0-9_]*\.[a-z]+|entered\.[A-Za-z]\w*)$": "occasion",
}
"""A pattern of `flows.catalogue.schema.words`, and what the page calls it."""
PLAIN = {"boolean": "`true`, `false`", "integer": "whole number", "number": "number", "string": "text"}
LONGEST_CONDITION = 500
MOST_NAMED = 3


def value_words(shape: Schema) -> str:
    """E.g. "text", "span or list of spans", "[Approval](#approval)"."""
    return " or ".join(dict.fromkeys(_alternatives(shape)))


def _alternatives(shape: Schema) -> Iterator[str]:
    kinds = shape.get("anyOf") or shape.get("oneOf")
    if "discriminator" in shape or (kinds and len(kinds) > MOST_NAMED and all("$ref" in kind for kind in kinds)):
        yield _linked(kinds[0]["$ref"] if kinds else "")
    elif kinds:
        for kind in kinds:
            yield from _alternatives(kind)
    elif shape.get("type") != "null":
        yield _one(shape)


def _one(shape: Schema) -> str:
    if "$ref" in shape:
        return _linked(shape["$ref"])
    if "const" in shape:
        return f"`{str(shape['const']).lower()}`"
    if "enum" in shape:
        return ", ".join(f"`{word}`" for word in shape["enum"])
    if shape["type"] == "array":
        return f"list of {value_words(shape['items'])}"
    if shape["type"] == "object":
        return f"map of {value_words(_values_of(shape))}"
    if shape["type"] == "string" and shape.get("maxLength") == LONGEST_CONDITION:
        return "condition"
    return PATTERNS[shape["pattern"]] if "pattern" in shape else PLAIN[shape["type"]]


def _values_of(shape: Schema) -> Schema:
    patterns = shape.get("patternProperties")
    return next(iter(patterns.values())) if patterns else shape["additionalProperties"]


def _linked(reference: str) -> str:
    """The section of the page that explains it; kinds of fields and of effects have one together."""
    name = reference.rpartition("/")[2]
    group = group_of(name)
    if group in (FIELDS, EFFECTS):
        return f"[{group}](#{group})"
    return f"[{name}](#{name.lower()})"
