"""Bodies and queries as typed models: strict JSON first, then each wrong place by pointer with its cure."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, NoReturn, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError

from flows.access import clean
from flows.actions.attaching import Received
from flows.actions.receiving import Sent, receive
from flows.rules.actors import Actor
from flows.rules.errors import Invalid, Problem
from flows.words import gettext as _
from portal.api.problems import Declined

Model = TypeVar("Model", bound=BaseModel)
DEEPEST = 50
LARGEST = 2**53 - 1
MOST_BYTES = 1024 * 1024
MOST_PROBLEMS = 100
"""Told at once; a body of nothing but mistakes must not be answered with ten times its size."""
_TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def body_as(model: type[Model], pointer: str = "#") -> Model:
    """The body of this request; Declined (400, 413, 415) when it is no JSON of ours, Invalid when it does not fit."""
    if request.mimetype != "application/json":
        raise Declined("upload-type", _("Send JSON, with Content-Type: application/json"))
    return fitting(model, parse(request.get_data()), pointer)


def file_of_form(model: type[Model], actor: Actor) -> tuple[Model, Received]:
    """The texts and the one file (`file`) of a multipart body; the file is kept, and judged by its first bytes.

    Before any transaction: what a slow phone sends holds nobody up.
    """
    if request.mimetype != "multipart/form-data":
        raise Declined("upload-type", _("Send multipart/form-data with one part called “file”"))
    files = [(name, one) for name, several in request.files.lists() for one in several]
    texts = {clean(name): clean(value) for name, value in request.form.items()}
    body = fitting(model, {**texts, **{name: "" for name, _file in files if name != "file"}}, "#")
    if [name for name, _file in files] != ["file"]:
        raise Invalid(_("Send one file, in a part called “file” that has a filename"), "#/file", "required")
    sent = files[0][1]
    try:
        arrived = Sent("file", sent.filename or "", sent.stream)
        return body, receive(actor, arrived, getattr(body, "sha256", None) or "")
    except Invalid as refused:
        refused.problems = [replace(one, pointer="#/file") for one in refused.problems]
        raise


def query_as(model: type[Model]) -> Model:
    """The query string; each parameter once."""
    for name, values in request.args.lists():
        if len(values) > 1:
            raise Invalid(
                _("“%(name)s” is given more than once", name=clean(name)[:80]), f"?{clean(name)[:80]}", "repeated"
            )
    return fitting(model, {clean(name): clean(value) for name, value in request.args.items()}, "?")


def parse(raw: bytes) -> Any:
    """JSON as RFC 8259 would like it: no duplicate keys, no NaN, no number that loses digits, no NUL, 50 levels."""
    if len(raw) > MOST_BYTES:
        raise Declined("upload-too-large", _("The body has more than 1 MB"))
    if _depth(raw) > DEEPEST:
        _malformed(_("it is nested more than %(deepest)s levels deep", deepest=DEEPEST))
    try:
        found = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError) as wrong:
        _malformed(str(wrong) if isinstance(wrong, json.JSONDecodeError) else _("it is not JSON in UTF-8"))
    _check(found)
    return found


def fitting(model: type[Model], given: Any, pointer: str) -> Model:
    """The model of what was given, or Invalid with its problems, the first hundred of them."""
    try:
        return model.model_validate(given)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False)[:MOST_PROBLEMS]
        raise Invalid([_problem(model, error, pointer) for error in first]) from None


@contextmanager
def named(**parts: str) -> Iterator[None]:
    """Problems of a verb under the names that the body has: `named(fields="answers")` for what lies in `/fields`."""
    try:
        yield
    except Invalid as wrong:
        raise Invalid([replace(one, pointer=_renamed(one.pointer, parts)) for one in wrong.problems]) from None


def _renamed(pointer: str, parts: Mapping[str, str]) -> str:
    first, slash, rest = pointer.removeprefix("/").partition("/")
    return f"/{parts[first]}{slash}{rest}" if first in parts else pointer


def _depth(raw: bytes) -> int:
    deepest = depth = 0
    for byte in _TEXTS.sub(b"", raw):
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        [(twice, _times)] = Counter(name for name, _value in pairs).most_common(1)
        _malformed(_("the key %(key)s is there twice", key=repr(twice[:80])))
    return found


def _no_number(word: str) -> NoReturn:
    _malformed(_("%(word)s is no JSON", word=word))


def _check(value: Any) -> None:
    """What a database or another JSON reader could not keep exactly as it is."""
    if isinstance(value, str) and (("\0" in value) or clean(value) != value):
        _malformed(_("a text has the character U+0000 or half a surrogate pair"))
    if isinstance(value, int | float) and not abs(value) <= LARGEST:  # the other way round NaN would pass
        _malformed(_("a number is larger than 2^53 - 1; send it as text"))
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _check(name)
            _check(inner)
    elif isinstance(value, list):
        for inner in value:
            _check(inner)


def _malformed(why: str) -> NoReturn:
    raise Declined("malformed", _("The body cannot be read: %(why)s", why=clean(why)))


def _problem(model: type[BaseModel], error: Any, pointer: str) -> Problem:
    parts = [str(part) for part in error["loc"]]
    place = pointer + ("" if pointer == "?" else "/") + "/".join(_escaped(part) for part in parts) if parts else pointer
    name = parts[-1] if parts else ""
    match error["type"]:
        case "missing":
            return Problem(place, "required", _("“%(name)s” is missing", name=name))
        case "extra_forbidden":
            return Problem(
                place,
                "unknown",
                _nothing_called(model, parts),
            )
        case kind:
            return Problem(place, kind, error["msg"], _plain(error.get("ctx", {})))


def _nothing_called(model: type[BaseModel], parts: list[str]) -> str:
    name, near = parts[-1][:80], get_close_matches(parts[-1], model.model_fields, n=1) if len(parts) == 1 else []
    if near:
        return _("There is nothing called “%(name)s” here; did you mean “%(near)s”?", name=name, near=near[0])
    return _("There is nothing called “%(name)s” here", name=name)


def _escaped(part: str) -> str:
    return clean(part)[:80].replace("~", "~0").replace("/", "~1")


def _plain(context: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in context.items() if isinstance(value, str | int | bool)}
