"""What the language allows at a place of the model: its keys, and the kinds and forms of its values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from flows.catalogue.schema import FlowDefinition
from flows.catalogue.schema.effects import KINDS

Loc = Sequence[int | str]
"""A place as pydantic tells it: the path in the file, with the branches of unions between."""


def known_keys(loc: Loc) -> list[str]:
    """The keys of the map that belongs here; none where another kind of value does."""
    return list(_map_at(loc).get("properties", {}))


def required_keys(loc: Loc) -> list[str]:
    """Those of them that must be given."""
    return list(_map_at(loc).get("required", ()))


def patterns(loc: Loc) -> set[str]:
    """The forms, as regular expressions, that a text here may have."""
    return {node["pattern"] for node in _nodes(_schema(), list(loc)) if "pattern" in node}


def takes(loc: Loc, value: object) -> bool:
    """Whether a plain value fits here, as far as kind, words and form say."""
    return any(_fits(node, value) for node in _nodes(_schema(), list(loc)))


def _fits(node: dict[str, Any], value: object) -> bool:
    kind = "boolean" if isinstance(value, bool) else "string" if isinstance(value, str) else "integer"
    if node.get("type") != kind or ("enum" in node and value not in node["enum"]):
        return False
    return value == node.get("const", value) and bool(re.search(node.get("pattern", ""), str(value)))


def _map_at(loc: Loc) -> dict[str, Any]:
    return next((node for node in _nodes(_schema(), list(loc)) if "properties" in node), {})


@lru_cache(maxsize=1)
def _schema() -> dict[str, Any]:
    return FlowDefinition.model_json_schema()


def _nodes(node: dict[str, Any], loc: list[int | str]) -> Iterator[dict[str, Any]]:
    """Everything that the schema says of a place, the likeliest first."""
    if "$ref" in node:
        yield from _nodes(_schema()["$defs"][node["$ref"].rsplit("/", 1)[-1]], loc)
    elif branches := node.get("oneOf") or node.get("anyOf"):
        chosen = _branch(node, loc[0]) if loc else None
        if chosen is not None:
            yield from _nodes(chosen, loc[1:])
            return
        tries = [loc, loc[1:]] if loc else [loc]  # the tag of a union is in the error's place, but not in the schema
        yield from (found for rest in tries for one in branches for found in _nodes(one, rest))
    elif not loc:
        yield node
    elif isinstance(inner := _inside(node, loc[0]), dict):
        yield from _nodes(inner, loc[1:])


def _inside(node: dict[str, Any], part: int | str) -> Any:
    inner = node.get("properties", {}).get(part) or node.get("additionalProperties") or node.get("items")
    return inner or next(iter(node.get("patternProperties", {}).values()), None)


def _branch(node: dict[str, Any], tag: int | str) -> dict[str, Any] | None:
    mapping = node.get("discriminator", {}).get("mapping", {})
    if tag in mapping:
        return {"$ref": mapping[tag]}
    for branch in node.get("oneOf", ()):
        target = _schema()["$defs"].get(branch.get("$ref", "").rsplit("/", 1)[-1], {})
        if tag in KINDS and tag in target.get("required", ()):
            return {"$ref": branch["$ref"]}
    return None
