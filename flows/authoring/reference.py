"""The reference of the flow language, written from the very models that read the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flows.authoring.meanings import EFFECTS, FIELDS, MEANINGS, group_of
from flows.catalogue.schema import FlowDefinition

Schema = Mapping[str, Any]

SCHEMA_ID = "flow-1.schema.json"

OPENING = """# The flow language

Written by `baton flows reference` from the models that read the files; a law keeps it current. Spans are `30m`, `12h`
(exact), `3d`, `1w` (calendar days of the task's time zone) and `5wd` (working days). Conditions are CEL; everywhere
else a text may have holes, `${{ CEL }}`. People are `customer`, `creator`, `assignee`, `staff`, `manager`, `department`
and `role.<name>`.
"""


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
        f"| `{key}` | {_default(part, key, shape)} | {shape['description']}{_choices(shape)} |"
        for key, shape in part["properties"].items()
    ]
    title = "The flow" if name == "FlowDefinition" else name
    says = [part["description"] + "\n"] if "description" in part else []
    return "\n".join([f"## {title}\n", *says, *_table("key", "default", "meaning"), *rows, ""])


def _kinds(title: str, group: str, models: Mapping[str, Schema]) -> str:
    """A table of what each key means, and one of which kind takes which keys."""
    meanings = [f"| `{key}` | {meaning} |" for key, meaning in MEANINGS[group].items()]
    everywhere = set.intersection(*({*part["properties"]} for part in models.values()))
    takes = sorted(
        f"| `{_kind(part)}` | {', '.join(f'`{key}`' for key in part['properties'] if key not in everywhere)} |"
        for part in models.values()
    )
    said = f"All take {', '.join(f'`{key}`' for key in MEANINGS[group] if key in everywhere)}."
    heads = _table("key", "meaning"), _table("kind", "takes also")
    return "\n".join([f"## {title}\n", *heads[0], *meanings, "", f"{said}\n", *heads[1], *takes, ""])


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


def _choices(shape: Schema) -> str:
    """The words to choose from, when the key takes nothing else."""
    inner = [one for one in shape.get("anyOf", [shape]) if one.get("type") != "null"]
    words = inner[0].get("enum", ()) if len(inner) == 1 else ()
    return f" One of {', '.join(f'`{word}`' for word in words)}." if words else ""
