"""The API as it was last released (docs/openapi.json), and what a change would break for apps (API.md 7.8).

`make openapi` accepts what was added; it refuses to accept what breaks.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flows.settings import Settings
from portal.api import openapi
from wsgi import create_app

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"
CURE = "Apps out there rely on it. Keep it beside the new one in /api/v1, or begin /api/v2"
Document = dict[str, Any]


def released() -> Document:
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def current() -> Document:
    """Of this code; needs an application."""
    document = json.loads(json.dumps(openapi.document()))
    document["servers"] = [{"url": "/api/v1"}]
    return dict(document)


def breaks(old: Document, new: Document) -> list[str]:
    """Each thing that an app written for the old document would stumble over."""
    return [*_of_paths(old, new), *_of_answers(old, new)]


def _of_paths(old: Document, new: Document) -> Iterator[str]:
    for path, operations in old["paths"].items():
        for method, was in operations.items():
            now = new["paths"].get(path, {}).get(method)
            at = f"{method.upper()} {path}"
            if now is None:
                yield f"{at} is gone"
                continue
            yield from _of_input(at, was, now, old, new)
            for status in was["responses"]:
                if status.startswith("2") and status not in now["responses"]:
                    yield f"{at} no longer answers {status}"


def _of_input(at: str, was: Document, now: Document, old: Document, new: Document) -> Iterator[str]:
    before, after = ({(p["in"], p["name"]): p for p in one["parameters"]} for one in (was, now))
    for key in before:
        if key not in after:
            yield f"{at} no longer takes {key[1]} in the {key[0]}"
    for key, parameter in after.items():
        if parameter["required"] and not before.get(key, {}).get("required", False):
            yield f"{at} newly requires {key[1]} in the {key[0]}"
    given, taken = (one.get("requestBody") for one in (was, now))
    if given is None and taken is not None:
        yield f"{at} newly requires a body"
    for kind, content in (given or {}).get("content", {}).items():
        other = (taken or {}).get("content", {}).get(kind)
        if other is None:
            yield f"{at} no longer takes {kind}"
        else:
            yield from _taken_less(at, _resolved(content["schema"], old), _resolved(other["schema"], new), old, new)


def _taken_less(at: str, was: Document, now: Document, old: Document, new: Document) -> Iterator[str]:
    """What a body may no longer hold, or must hold now; also inside of what it holds."""
    for name, schema in was.get("properties", {}).items():
        here = now.get("properties", {}).get(name)
        if here is None:
            yield f"{at} no longer takes “{name}” in its body"
            continue
        for kind in _kinds(schema) - _kinds(here):
            yield f"{at} no longer takes {kind} for “{name}”"
        for word in sorted(set(_words(schema)) - set(_words(here))) if _words(here) else ():
            yield f"{at} no longer takes {word!r} for “{name}”"
        yield from _taken_less(f"{at} “{name}”", _resolved(schema, old), _resolved(here, new), old, new)
    for name in set(now.get("required", ())) - set(was.get("required", ())):
        yield f"{at} newly requires “{name}” in its body"


def _of_answers(old: Document, new: Document) -> Iterator[str]:
    """Shapes that are given, by name: nothing in them goes, changes its kind, or becomes null."""
    given = _given(new)
    for name in sorted(_given(old)):
        was, now = old["components"]["schemas"][name], new["components"]["schemas"].get(name)
        if now is None or name not in given:
            continue  # renamed, or given nowhere any more: the answers themselves are looked at below
        for field, schema in was.get("properties", {}).items():
            here = now.get("properties", {}).get(field)
            if here is None:
                yield f"{name}.{field} is gone from answers"
            elif more := _kinds(here) - _kinds(schema):
                yield f"{name}.{field} may now be {', '.join(sorted(more))}"
    for path, operations in old["paths"].items():
        for method, was in operations.items():
            now = new["paths"].get(path, {}).get(method, {"responses": {}})
            yield from _fields_lost(f"{method.upper()} {path}", was, now, old, new)


def _fields_lost(at: str, was: Document, now: Document, old: Document, new: Document) -> Iterator[str]:
    for status, answer in was["responses"].items():
        if not status.startswith("2") or status not in now["responses"]:
            continue
        for field in sorted(_fields(answer, old) - _fields(now["responses"][status], new)):
            yield f"{at} no longer answers with “{field}”"


def _fields(answer: Document, document: Document) -> set[str]:
    content: Document = next(iter(answer.get("content", {}).values()), {})
    return set(_resolved(content.get("schema", {}), document).get("properties", ()))


def _given(document: Document) -> set[str]:
    """Names of the schemas that answers are made of."""
    answers = [
        answer
        for operations in document["paths"].values()
        for one in operations.values()
        for answer in one["responses"].values()
    ]
    found, left = set(), list(_references(answers))
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left.extend(_references(document["components"]["schemas"][name]))
    return found


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value.rpartition("/")[2]
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _resolved(schema: Document, document: Document) -> Document:
    """The object behind a reference, a nullable one or a list of them."""
    if "$ref" in schema:
        return dict(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for one in schema.get("anyOf", ()):
        if one.get("type") != "null":
            return _resolved(one, document)
    return _resolved(schema["items"], document) if isinstance(schema.get("items"), dict) else schema


def _kinds(schema: Document) -> set[str]:
    """The types that a value may have; nothing where it may be anything."""
    if "anyOf" in schema:
        return {kind for one in schema["anyOf"] for kind in _kinds(one)}
    if "$ref" in schema:
        return {"object"}
    return {schema["type"]} if "type" in schema else set()


def _words(schema: Document) -> list[str]:
    return [word for one in (schema, *schema.get("anyOf", ())) for word in one.get("enum", ())]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings.from_env({}, mode="test", data=folder), parts=("messaging", "portal"))
        with app.app_context():
            new = current()
    found = breaks(released(), new) if FILE.exists() else []
    for one in found:
        print(f"breaks: {one}", file=sys.stderr)  # noqa: T201  # what the command is for
    if found:
        print(CURE, file=sys.stderr)  # noqa: T201
        return 1
    FILE.write_text(json.dumps(new, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
