"""From pydantic's errors to problems in the YAML file: the right line, a plain sentence, what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from flows.catalogue.allowed import known_keys
from flows.catalogue.cures import AFTER_DASH, SYNONYMS, cure_of_form, cure_of_kind, inline
from flows.catalogue.problems import FlowProblem, closest, cure_among, nearest
from flows.catalogue.schema.effects import KINDS
from flows.catalogue.schema.words import PLAIN
from flows.catalogue.source import Path, Place, Source

_KINDS_OF_VALUE = {
    "string_type": "text", "bool_type": "true or false", "int_type": "a whole number", "float_type": "a number",
    "dict_type": "a map", "tuple_type": "a list", "model_type": "a map", "model_attributes_type": "a map",
}  # fmt: skip
MOST_PROBLEMS = 100  # a file with more is better mended and read again
_EVENTS = ("created", "assigned", "completed", "closed", "cancelled", "expired", "overdue", "rated")
_STEP_EVENTS = ("opened", "submitted", "approved", "returned", "reopened")


def problems_of(wrong: ValidationError, values: Mapping[str, Any], source: Source) -> list[FlowProblem]:
    """Every error of a validation as a problem, one per place, in file order."""
    errors = wrong.errors(include_url=False)[:MOST_PROBLEMS]
    meant = {_meant_key(error, values) for error in errors if error["type"] == "extra_forbidden"}
    found: dict[tuple[int, int], FlowProblem] = {}
    for error in errors:
        path = _path(error["loc"], values)
        if error["type"] == "missing" and (path, error["loc"][-1]) in meant:
            continue
        if error["type"] == "too_short" and _has_more_inside(error, errors):
            continue
        problem = _problem(error, path, values, source)
        found.setdefault((problem.line, problem.column), problem)
    return [found[place] for place in sorted(found)]


def _meant_key(error: ErrorDetails, values: Mapping[str, Any]) -> tuple[Path, str] | None:
    """The key that a misspelt one stands for, so that it is not also called missing."""
    meant = closest(str(error["loc"][-1]), known_keys(error["loc"][:-1]))
    return (_path(error["loc"], values)[:-1], meant) if meant else None


def _has_more_inside(error: ErrorDetails, errors: list[ErrorDetails]) -> bool:
    """pydantic calls a list too short when every entry of it failed; the entries' own errors say more."""
    depth = len(error["loc"])
    return any(len(other["loc"]) > depth and other["loc"][:depth] == error["loc"] for other in errors)


def _problem(error: ErrorDetails, path: Path, values: Mapping[str, Any], source: Source) -> FlowProblem:
    kind, context, last = error["type"], error.get("ctx", {}), error["loc"][-1] if error["loc"] else ""
    if kind == "missing":
        return source.problem("F101", f"'{last}' is missing here", source.key(path))
    if kind == "extra_forbidden":
        return _unknown_key(str(last), path, error["loc"], values, source)
    if error["input"] is None:
        return _without_value(path, values, source)
    if kind == "union_tag_not_found":
        return _without_tag(error, path, values, source)
    if kind == "union_tag_invalid":
        return _not_one_of(context["tag"], context["expected_tags"], source.value((*path, "type")), source)
    if last == "[key]":
        return _bad_key(error, path, values, source)
    if kind == "literal_error":
        return _not_one_of(error["input"], context["expected"], source.value(path), source)
    if kind in _KINDS_OF_VALUE:
        return _wrong_kind(error, path, source)
    if kind == "string_pattern_mismatch":
        return _no_match(error["input"], context["pattern"], source.value(path), source)
    return source.problem("F107", error["msg"][:1].lower() + error["msg"][1:], source.value(path))


def _unknown_key(
    key: str, path: Path, loc: tuple[int | str, ...], values: Mapping[str, Any], source: Source
) -> FlowProblem:
    known = known_keys(loc[:-1])
    cure = _rest_of_a_text(path, values, source) or _not_so_written(key) or _too_shallow(key, path, loc, values, source)
    cure = cure or cure_among(key, known, "known here")
    return source.problem("F102", f"unknown key '{key}'", source.key(path), cure)


def _not_so_written(key: str) -> str:
    if re.match(r"-\w", key):
        return AFTER_DASH
    return "it begins with a no-break space: write common spaces before it" if key[:1] == "\xa0" else ""


def _rest_of_a_text(path: Path, values: Mapping[str, Any], source: Source) -> str:
    """What follows a comma in a text without quotes between { and }: YAML takes it for a key without a value."""
    here, place = _at(path[:-1], values), source.key(path)
    line = source.lines[place.line - 1] if place.line <= len(source.lines) else ""
    before, key = line[: place.column - 1].rstrip(), str(path[-1])
    after = line[place.column - 1 + len(key) :].lstrip()
    if not isinstance(here, dict) or here[key] is not None or before[-1:] != "," or after[:1] not in (",", "}"):
        return ""
    names = [*here][: [*here].index(key)]
    first = next((name for name in reversed(names) if here[name] is not None), "")
    if not isinstance(here.get(first), str):
        return ""
    whole = ", ".join([here[first], *names[names.index(first) + 1 :], key])
    return f"a text with a comma between {{ and }} needs quotes: {first}: {inline(whole)}"


def _too_shallow(key: str, path: Path, loc: tuple[int | str, ...], values: Mapping[str, Any], source: Source) -> str:
    """For a key with something below it that fits under the one before it, which takes any names."""
    here = _at(path[:-1], values)
    names = [*here][: [*here].index(key)] if isinstance(here, dict) and isinstance(here[key], dict) else []
    if not names or known_keys((*loc[:-1], names[-1])):
        return ""
    beside, place = here[names[-1]], source.key(path)
    if beside is None and source.key((*path[:-1], names[-1])).line < place.line:
        return f"begin it with {place.column + 1} spaces, so that it belongs to '{names[-1]}'"
    if nearest(key, known_keys(loc[:-1])):
        return ""
    if not isinstance(beside, dict) or not beside or not isinstance(next(iter(beside.values())), dict):
        return ""
    inner = source.key((*path[:-1], names[-1], next(iter(beside))))
    if inner.line == source.key((*path[:-1], names[-1])).line:
        return ""
    return f"begin it with {inner.column - 1} spaces, so that it belongs to '{names[-1]}'"


def _without_value(path: Path, values: Mapping[str, Any], source: Source) -> FlowProblem:
    """A key with nothing after its colon: YAML would place the nothing wherever the next key stands."""
    place, name = source.key(path), str(path[-1]) if path else ""
    comment = "#" in source.lines[place.line - 1]
    cure = (
        "what follows a # is a comment: put it in quotes" if comment else "write it after the colon, or take this out"
    )
    cure = (path and _rest_of_a_text(path, values, source)) or cure
    return source.problem("F106", f"'{name}' has no value", place, cure)


def _without_tag(error: ErrorDetails, path: Path, values: Mapping[str, Any], source: Source) -> FlowProblem:
    """Neither `type` nor an effect's kind: often there is a misspelt key that stands for it."""
    here = _at(path, values)
    wanted = KINDS if _holds_effects(path) else ("type",)
    if not isinstance(here, dict):
        cure = cure_of_kind("a map", here, error["loc"])
        return source.problem("F106", "this should be a map", source.value(path), cure)
    for key in here:
        if near := nearest(key, wanted):
            return source.problem("F102", f"unknown key '{key}'", source.key((*path, key)), near)
    said = "an effect needs one of: " + ", ".join(KINDS) if len(wanted) > 1 else "'type' is missing here"
    return source.problem("F101", said, source.key(path))


def _holds_effects(path: Path) -> bool:
    return bool(path) and isinstance(path[-1], int)


def _bad_key(error: ErrorDetails, path: Path, values: Mapping[str, Any], source: Source) -> FlowProblem:
    key = str(error["input"])
    if path[:1] == ("effects",):
        steps, states = values.get("steps"), values.get("states")
        known = [*_EVENTS, *(f"step.{name}.{event}" for name in _names(steps) for event in _STEP_EVENTS)]
        known += [f"entered.{name}" for name in _names(states)]
        return source.problem("F104", f"'{key}' is no event", source.key(path), cure_among(key, known, "events"))
    if error["type"] == "literal_error":
        return _not_one_of(key, error["ctx"]["expected"], source.key(path), source)
    if error["type"] == "string_pattern_mismatch":
        return _no_match(key, error["ctx"]["pattern"], source.key(path), source)
    return source.problem("F107", error["msg"], source.key(path))


def _names(section: Any) -> list[str]:
    return list(section) if isinstance(section, dict) else []


def _not_one_of(written: Any, expected: str, place: Place, source: Source) -> FlowProblem:
    known = re.findall(r"'([^']*)'", expected)
    known = known or [word.lower() for word in re.split(r", | or ", expected)]
    message = f"'{_short(written)}' is not known here"
    if isinstance(written, list) and len(written) == 1:
        message, cure = "this should be one word, not a list", f"write {inline(written[0])}"
    elif str(written) in known and isinstance(written, str):
        message, cure = "this should be a number", f"write {written} without quotes"
    elif known == ["false"]:
        cure = "leave it out, or write false or a map"
    elif (meant := SYNONYMS.get(str(written).lower())) in known:
        cure = f"did you mean '{meant}'?"
    else:
        cure = cure_among(str(written), known)
    return source.problem("F104", message, place, cure)


def _wrong_kind(error: ErrorDetails, path: Path, source: Source) -> FlowProblem:
    wanted = _KINDS_OF_VALUE[error["type"]]
    cure = cure_of_kind(wanted, error["input"], error["loc"])
    return source.problem("F106", f"this should be {wanted}", source.value(path), cure)


def _no_match(written: Any, pattern: str, place: Place, source: Source) -> FlowProblem:
    message = f"'{_short(written)}' does not fit: {PLAIN.get(pattern, f'it must match {pattern}')}"
    return source.problem("F105", message, place, cure_of_form(written, pattern))


def _short(written: Any) -> str:
    text = written if isinstance(written, str) else inline(written)
    return text if len(text) <= 60 else text[:57] + "..."


def _path(loc: tuple[int | str, ...], values: Any) -> Path:
    """The error's place in the file: pydantic also names the branch of a union, which is no key."""
    path: list[str | int] = []
    here = values
    for n, part in enumerate(loc):
        if n and isinstance(loc[n - 1], int) and part in KINDS:
            continue  # the branch, though an effect also has a key of that name
        if _holds(here, part):
            path.append(part)
            here = here[part]
        elif n == len(loc) - 1:
            break
    return tuple(path)


def _holds(node: Any, part: int | str) -> bool:
    if isinstance(node, list):
        return isinstance(part, int) and part < len(node)
    return isinstance(node, dict) and part in node


def _at(path: Path, values: Any) -> Any:
    for part in path:
        values = values[part]
    return values
