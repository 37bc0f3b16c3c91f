"""Answers picked from something: choice, choices, user, department, file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NoReturn

from flows.rules.answers.files import ids_of
from flows.rules.answers.groups import MOST_ITEMS
from flows.rules.answers.shapes import AnswerContext, FieldLike, Kind, Unavailable, Wrong, noun, subject, wrong
from flows.rules.answers.texts import plain
from flows.words import N_, Borrowed, ngettext
from flows.words import gettext as _

NOBODY = {
    ("user", False): N_("Choose %(field)s from the list; there is no such user"),
    ("user", True): N_("Choose %(field)s from the list; there is no such user of that department"),
    ("department", False): N_("Choose %(field)s from the list; there is no such department"),
}
"""By what is chosen, and whether from one department alone."""


def label_of(field: FieldLike, value: str, context: AnswerContext | None) -> str | None:
    """The label of one option, or None when there is no such option (or nobody to ask)."""
    if field.options is not None:
        return (field.options[value] or value) if value in field.options else None
    if context is not None and context.options is not None:
        return context.options(field.options_from).get(value)
    if context is not None and context.lookup is not None:
        return context.lookup(field.options_from, value)
    return None


def _picked(field: FieldLike, raw: Any, context: AnswerContext) -> str:
    value = str(raw) if isinstance(raw, (str, int)) and not isinstance(raw, bool) else None
    if value is None:
        wrong("type", _("Choose %(field)s from the list", field=noun(field)))
    if field.options is None and context.options is None and context.lookup is None:
        _cannot_be_chosen(field)
    try:
        label = label_of(field, value.strip(), context)
    except Unavailable:
        _cannot_be_chosen(field)
    if label is None:
        wrong(
            "choice",
            _("Choose %(field)s from the list; “%(value)s” is not in it", field=noun(field), value=plain(value[:80])),
        )
    return value.strip()


def _cannot_be_chosen(field: FieldLike) -> NoReturn:
    wrong("options_unavailable", _("%(field)s cannot be chosen right now; try again in a minute", field=subject(field)))


def _choice(field: FieldLike, raw: Any, context: AnswerContext) -> str:
    return _picked(field, raw, context)


def _choices(field: FieldLike, raw: Any, context: AnswerContext) -> list[str]:
    """Each at most once, in the order given."""
    if not isinstance(raw, (list, tuple)):
        wrong("type", _("Choose %(field)s as a list", field=noun(field)))
    values = list(dict.fromkeys(_picked(field, one, context) for one in raw if one != ""))
    _at_most(field, len(values), field.max_items)
    return values


def _at_most(field: FieldLike, count: int, limit: int | None) -> None:
    if limit is not None and count > limit:
        wrong(
            "too_many",
            _("%(field)s: choose %(limit)s or fewer, not %(count)s", field=subject(field), limit=limit, count=count),
            max=limit,
        )


def person_id(raw: Any) -> int | str | None:
    """An id from JSON or from a form, where every id is text; None when it is none."""
    if isinstance(raw, str) and raw.strip().isascii() and 0 < len(raw.strip()) <= 64:
        return int(raw) if raw.strip().isdigit() and len(raw.strip()) < 19 else raw.strip()
    return raw if isinstance(raw, int) and not isinstance(raw, bool) else None


def _person(field: FieldLike, raw: Any, context: AnswerContext) -> int | str:
    """An id that may be chosen here; with `within`, somebody of the department chosen beside it (Q12)."""
    chosen = person_id(raw)
    if chosen is None:
        wrong("type", _("Choose %(field)s from the list", field=noun(field)))
    if context.people is None:
        wrong("people_unavailable", _("%(field)s cannot be chosen here", field=subject(field)))
    if context.people(field.type, chosen, context.beside.get(field.within) if field.within else None) is None:
        wrong("choice", _(NOBODY[field.type, bool(field.within)], field=noun(field)))
    return chosen


def _file(field: FieldLike, raw: Any, context: AnswerContext) -> list[str]:
    """Ids of uploads that were made before; each is checked on its own."""
    ids = [raw] if isinstance(raw, str) else raw
    if not isinstance(ids, (list, tuple)) or not all(isinstance(one, str) and len(one) <= 64 for one in ids):
        wrong("type", _("Upload %(field)s first and give the ids of the uploads", field=noun(field)))
    ids = ids_of(ids)
    _at_most(field, len(ids), field.max_items or MOST_ITEMS if field.multiple else 1)
    if context.uploads is None:
        wrong("upload_unavailable", _("%(field)s: files cannot be taken here", field=subject(field)), "/0")
    found = [context.uploads(upload, field) for upload in ids]
    if problems := [replace(one, pointer=f"/{n}") for n, one in enumerate(found) if one is not None]:
        raise Wrong(*problems)
    return ids


def _show_choice(field: FieldLike, value: Any, context: AnswerContext | None) -> str:
    return label_of(field, str(value), context) or str(value)


def _show_choices(field: FieldLike, value: Any, context: AnswerContext | None) -> str:
    if not isinstance(value, list):
        return str(value)
    chosen = [_show_choice(field, one, context) for one in value]
    said = ", ".join(chosen)
    return Borrowed(said) if chosen and all(isinstance(one, Borrowed) for one in chosen) else said


def _show_person(field: FieldLike, value: Any, context: AnswerContext | None) -> str:
    name = context.people(field.type, value, None) if context is not None and context.people is not None else None
    return name or str(value)


def _show_files(_field: FieldLike, value: Any, _context: AnswerContext | None) -> str:
    count = len(value) if isinstance(value, (list, tuple)) else 1
    return ngettext("%(num)s file", "%(num)s files", count)


KINDS = {
    "choice": Kind(_choice, _show_choice, N_("Choose %(field)s")),
    "choices": Kind(_choices, _show_choices, N_("Choose %(field)s")),
    "user": Kind(_person, _show_person, N_("Choose %(field)s")),
    "department": Kind(_person, _show_person, N_("Choose %(field)s")),
    "file": Kind(_file, _show_files, N_("Upload %(field)s")),
}
