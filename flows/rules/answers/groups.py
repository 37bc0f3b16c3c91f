"""Answers of several parts: address, signature, object, list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from flows.rules.answers.shapes import AnswerContext, FieldLike, Kind, Problem, Wrong, noun, subject, wrong
from flows.rules.answers.texts import plain, pointer_part
from flows.rules.words import date_in_words
from flows.words import N_
from flows.words import gettext as _

ADDRESS = {
    "line1": N_("address line 1"), "line2": N_("address line 2"), "town": N_("town"), "postcode": N_("postcode"),
    "country": N_("country"),
}  # fmt: skip
SIGNATURE = {"name": N_("name"), "signed_on": N_("date")}
LARGEST_OBJECT = 64 * 1024
MOST_ITEMS = 100


def _parts(field: FieldLike, raw: Any, names: Mapping[str, str]) -> dict[str, str]:
    """The parts as trimmed text, absent ones empty; unknown or untextual parts are refused by name."""
    if not isinstance(raw, Mapping):
        wrong("type", _("Enter %(field)s with %(names)s", field=noun(field), names=", ".join(names)))
    strangers = [name for name in raw if name not in names]
    problems = [
        Problem(
            f"/{pointer_part(name)}", "unknown", _("%(label)s has no part %(name)s", label=field.label, name=repr(name))
        )
        for name in strangers
    ]
    problems += [
        Problem(f"/{name}", "type", _("Enter the %(word)s as text of at most 200 characters", word=_(word)))
        for name, word in names.items()
        if raw.get(name) is not None and not (isinstance(raw[name], str) and len(raw[name]) <= 200)
    ]
    if problems:
        raise Wrong(*problems)
    return {name: plain(raw.get(name) or "") for name in names}


def _address(field: FieldLike, raw: Any, _context: AnswerContext) -> dict[str, str]:
    """Line 1 and town are needed; not every country has postcodes."""
    parts = _parts(field, raw, ADDRESS)
    if missing := [name for name in ("line1", "town") if not parts[name]]:
        said = N_("Enter %(address)s of %(field)s")
        raise Wrong(*(Problem(f"/{n}", "required", _(said, address=_(ADDRESS[n]), field=noun(field))) for n in missing))
    return parts


def _signature(field: FieldLike, raw: Any, context: AnswerContext) -> dict[str, str]:
    """A typed name and the day it was typed (today when not given), never a day to come."""
    parts = _parts(field, raw, SIGNATURE)
    if not parts["name"]:
        wrong("required", _("Enter your full name to sign"), "/name")
    try:
        day = date.fromisoformat(parts["signed_on"]) if parts["signed_on"] else context.today
    except ValueError:
        wrong("date", _("The date of the signature must be a real date, like 2026-11-24"), "/signed_on")
    if day > context.today:
        wrong("max", _("The date of the signature must be today or earlier"), "/signed_on")
    return {"name": parts["name"], "signed_on": day.isoformat()}


def _object(field: FieldLike, raw: Any, _context: AnswerContext) -> dict[str, Any]:
    """A structured value from an event or from staff: kept as given, within limits."""
    if not isinstance(raw, Mapping):
        wrong("type", _("Enter %(field)s as an object", field=noun(field)))
    try:
        text = json.dumps(raw, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        wrong("type", _("%(field)s must be a plain JSON object", field=subject(field)))
    if len(text) > LARGEST_OBJECT:
        wrong(
            "too_long", _("%(field)s must be at most %(value)s KB", field=subject(field), value=LARGEST_OBJECT // 1024)
        )
    return dict(json.loads(text))


def items_of(field: FieldLike, raw: Any) -> list[Mapping[str, Any]]:
    """The entries of a list answer, counted; each is checked like a form of its own."""
    if not isinstance(raw, (list, tuple)):
        wrong("type", _("Enter %(field)s as a list", field=noun(field)))
    most, least = field.max_items or MOST_ITEMS, field.min if isinstance(field.min, int) else 0
    if len(raw) > most:
        wrong(
            "too_many",
            _("%(field)s: add %(most)s or fewer, not %(raw)s", field=subject(field), most=most, raw=len(raw)),
            max=most,
        )
    if len(raw) < least:
        wrong("too_few", _("%(field)s: add at least %(least)s", field=subject(field), least=least), min=least)
    if bad := [n for n, one in enumerate(raw) if not isinstance(one, Mapping)]:
        wrong(
            "type",
            _("Entry %(value)s of %(field)s must be an object", value=bad[0] + 1, field=noun(field)),
            f"/{bad[0]}",
        )
    return list(raw)


def _show_address(_field: FieldLike, value: Any, _context: AnswerContext | None) -> str:
    return ", ".join(value[part] for part in ADDRESS if value.get(part)) if isinstance(value, Mapping) else str(value)


def _show_signature(_field: FieldLike, value: Any, _context: AnswerContext | None) -> str:
    try:
        return f"{value['name']}, {date_in_words(date.fromisoformat(value['signed_on']))}"
    except (ValueError, TypeError, KeyError):
        return str(value)


def _show_object(_field: FieldLike, value: Any, _context: AnswerContext | None) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    return str(value.get("name") or value.get("label") or ", ".join(f"{key}: {part}" for key, part in value.items()))


KINDS = {
    "address": Kind(_address, _show_address),
    "signature": Kind(_signature, _show_signature),
    "object": Kind(_object, _show_object),
}
