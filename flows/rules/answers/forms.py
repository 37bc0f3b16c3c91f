"""HTML forms and answers: reads the controls of a page into the raw shape of the API, and writes values back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from flows.rules.answers.check import KINDS
from flows.rules.answers.dates import PARTS
from flows.rules.answers.files import ids_of, places_of
from flows.rules.answers.groups import ADDRESS, SIGNATURE
from flows.rules.answers.numbers import money_text
from flows.rules.answers.shapes import AnswerContext, FieldLike, is_blank
from flows.rules.private import MASK, is_private
from flows.words import N_
from flows.words import gettext as _

NOTHING = N_("Not provided")
_PARTED: dict[str, Iterable[str]] = {"date": PARTS, "address": ADDRESS, "signature": SIGNATURE}
KEPT = "-kept"
"""The end of the controls with which a form keeps files that were sent before: `passport-kept`."""


class FormLike(Protocol):
    """A posted form as werkzeug gives it."""

    def get(self, key: str, /) -> str | None: ...
    def getlist(self, key: str, /) -> list[str]: ...
    def __iter__(self) -> Iterator[str]: ...


def from_form(
    fields: Mapping[str, FieldLike], form: FormLike, prefix: str = "", *, with_blanks: bool = False
) -> dict[str, Any]:
    """The answers in a posted form, shaped like JSON; controls that are no field of ours are left alone.

    A field none of whose controls was posted is absent. Names: `field`; `field-day`, `-month`, `-year`;
    `field-line1`, ...; `pets-0-name` for the entries of a list; `photos-kept` for each file that was sent before. A
    group of check boxes posts an empty `field` besides, so that none ticked is told from not asked; a single one posts
    "no" first and the last value counts. `with_blanks` keeps entries of lists in which nothing is filled in yet.
    """
    asked = {name: field for name, field in fields.items() if field.type != "info"}
    found = {name: _read(field, f"{prefix}{name}", form, with_blanks) for name, field in asked.items()}
    return {name: value for name, value in found.items() if value is not None}


def pressed(fields: Mapping[str, FieldLike], form: FormLike) -> dict[str, Any] | None:
    """The answers after a button of the form itself: `add-pets`, `remove-pets-1`, `remove-photos-0`; None without one.

    What is filled in stays, right or wrong, so that the form can be shown again with one entry more or less.
    """
    values = from_form(fields, form, with_blanks=True)
    return values if _press(fields, values, form, "") else None


def _press(fields: Mapping[str, FieldLike], values: dict[str, Any], form: FormLike, prefix: str) -> bool:
    """Do in `values` what the button says; True when one was found among these fields."""
    for name, field in fields.items():
        key, listed = f"{prefix}{name}", values.get(name) or []
        if field.type not in ("list", "file"):
            continue
        places = places_of(key, list(form)) if field.type == "list" else range(len(listed))
        if field.type == "list" and form.get(f"add-{key}") is not None:
            values[name] = [*listed, {}]
            return True
        for entry, place in zip(listed, places, strict=False):
            if form.get(f"remove-{key}-{place}") is not None:
                values[name] = [one for one in listed if one is not entry]
                return True
            if isinstance(entry, dict) and _press(field.item, entry, form, f"{key}-{place}-"):
                return True
    return False


def _read(field: FieldLike, key: str, form: FormLike, with_blanks: bool) -> Any:
    if field.type == "list":
        return _read_list(field, key, form, with_blanks)
    if field.type == "file":
        given = [*form.getlist(f"{key}{KEPT}"), *form.getlist(key)]
        return ids_of(given) if given else None
    if field.type == "choices":
        given = form.getlist(key)
        return [one for one in given if one.strip()] if given else None
    if field.type in _PARTED and (parts := _read_parts(field, key, form)):
        return parts
    if field.type == "boolean":
        return next(reversed(form.getlist(key)), None)
    return form.get(key)


def _read_parts(field: FieldLike, key: str, form: FormLike) -> dict[str, str]:
    given = {part: form.get(f"{key}-{part}") for part in _PARTED[field.type]}
    return {part: value for part, value in given.items() if value is not None}


def _read_list(field: FieldLike, key: str, form: FormLike, with_blanks: bool) -> list[dict[str, Any]] | None:
    """The entries in order; one left empty altogether is none, unless the list needs some and none is filled."""
    places = places_of(key, list(form))
    entries = [from_form(field.item, form, f"{key}-{n}-", with_blanks=with_blanks) for n in places]
    needed = field.required and is_blank(entries)
    kept = [entry for entry in entries if with_blanks or needed or not is_blank(entry)]
    return kept if places or form.get(key) is not None else None


def to_form_text(field: FieldLike, value: Any) -> str:
    """A value (clean, or as it was typed) as the text of its one control."""
    if value is None or isinstance(value, Mapping):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field.type == "money" and isinstance(value, int):
        return money_text(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one) for one in value)
    return f"{value:g}" if isinstance(value, float) and value.is_integer() and abs(value) < 1e6 else str(value)


def form_parts(field: FieldLike, value: Any) -> dict[str, str]:
    """The texts of the controls of a date, address or signature, by the last part of their names."""
    parts = _PARTED[field.type]
    if isinstance(value, Mapping):
        return {part: "" if value.get(part) is None else str(value[part]) for part in parts}
    if field.type == "date" and isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return {"day": str(int(value[8:])), "month": str(int(value[5:7])), "year": value[:4]}
    return dict.fromkeys(parts, "")


def display(field: FieldLike, value: Any, context: AnswerContext | None = None, *, in_clear: bool = False) -> str:
    """An answer for people: 1,200.50, 24 November 2026, the label of a choice, Yes or No. Blank: "Not provided".

    What is sensitive is masked, sealed or not, unless it is to be shown `in_clear` (X20).
    """
    if is_blank(value):
        return _(NOTHING)
    if not in_clear and (field.sensitive or (is_private(field) and not isinstance(value, list))):
        return MASK
    if field.type == "list":
        entries = value if isinstance(value, list) else [value]
        return "; ".join(_entry(field, one, context, in_clear) for one in entries)
    return KINDS[field.type].show(field, value, context)


def _entry(field: FieldLike, entry: Any, context: AnswerContext | None, in_clear: bool) -> str:
    if not isinstance(entry, Mapping):
        return str(entry)
    given = {name: entry[name] for name in field.item if not is_blank(entry.get(name))}
    return ", ".join(display(field.item[name], value, context, in_clear=in_clear) for name, value in given.items())
