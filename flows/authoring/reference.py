"""The reference of the flow language, written from the very models that read the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from flows.authoring.meanings import EFFECTS, FIELDS, MEANINGS, TYPES, group_of
from flows.authoring.value_words import value_words
from flows.catalogue.schema import FlowDefinition

Schema = Mapping[str, Any]
MOST_KINDS = 4

SCHEMA_ID = "flow-1.schema.json"

OPENING = (files("flows.authoring") / "reference_opening.md").read_text(encoding="utf-8")


def json_schema() -> dict[str, Any]:
    """The language as JSON Schema, every key with its meaning, so that editors show it."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID}
    schema = {**head, **FlowDefinition.model_json_schema()}
    for name, part in _parts(schema):
        for key, shape in part["properties"].items():
            shape["description"] = MEANINGS[group_of(name)][key]
    return schema


def reference() -> str:
    """The whole page, as Markdown."""
    parts = dict(_parts(json_schema()))
    plain = {name: part for name, part in parts.items() if group_of(name) == name}
    order = [name for name in MEANINGS if name in plain]
    sections = [_section(name, plain[name]) for name in order]
    types = {name: part for name, part in parts.items() if group_of(name) == FIELDS}
    effects = {name: part for name, part in parts.items() if group_of(name) == EFFECTS}
    return "\n".join([OPENING, *sections, _kinds("Fields", FIELDS, types), _kinds("Effects", EFFECTS, effects)])


def _parts(schema: Schema) -> Iterator[tuple[str, Any]]:
    """Every model with keys, the flow itself first."""
    yield "FlowDefinition", schema
    yield from ((name, part) for name, part in schema["$defs"].items() if "properties" in part)


def _section(name: str, part: Schema) -> str:
    rows = [
        f"| `{key}` | {value_words(shape)} | {_default(part, key, shape)} | {shape['description']} |"
        for key, shape in part["properties"].items()
    ]
    title = "The flow" if name == "FlowDefinition" else name
    says = [part["description"] + "\n"] if "description" in part else []
    return "\n".join([f"## {title}\n", *says, *_table("key", "takes", "default", "meaning"), *rows, ""])


def _kinds(title: str, group: str, models: Mapping[str, Schema]) -> str:
    """A table of what each key means, and one of which kind takes which keys."""
    meanings = [f"| `{key}` | {_takes(key, models)} | {meaning} |" for key, meaning in MEANINGS[group].items()]
    everywhere = set.intersection(*({*part["properties"]} for part in models.values()))
    takes = sorted(_row_of(part, group, everywhere) for part in models.values())
    said = f"All take {', '.join(f'`{key}`' for key in MEANINGS[group] if key in everywhere)}."
    heads = _table("key", "takes", "meaning"), _table("kind", "is", "takes also")
    return "\n".join([f"## {title}\n", *heads[0], *meanings, "", f"{said}\n", *heads[1], *takes, ""])


def _row_of(part: Schema, group: str, everywhere: set[str]) -> str:
    kind, also = _kind(part), ", ".join(f"`{key}`" for key in part["properties"] if key not in everywhere)
    return f"| `{kind}` | {(TYPES if group == FIELDS else MEANINGS[group])[kind]} | {also} |"


def _takes(key: str, models: Mapping[str, Schema]) -> str:
    """What this key takes in any of the kinds; `type` itself takes the words of the second table."""
    if key == "type":
        return "one word"
    shapes = [part["properties"][key] for part in models.values() if key in part["properties"]]
    words = dict.fromkeys(one for shape in shapes for one in value_words(shape).split(" or "))
    return " or ".join(words) if len(words) <= MOST_KINDS else "what its kind takes"


def _kind(part: Schema) -> str:
    """The word in `type`; of an effect, the one key that has to be there."""
    return str(part["properties"].get("type", {}).get("const") or part["required"][0])


def _table(*heads: str) -> tuple[str, str]:
    return f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"


def _default(part: Schema, key: str, shape: Schema) -> str:
    if key in part.get("required", ()):
        return "**needed**"
    default = shape.get("default")
    return "" if default in (None, [], {}) or isinstance(default, dict) else f"`{str(default).lower()}`"
