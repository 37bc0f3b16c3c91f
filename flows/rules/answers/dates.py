"""Answers in time: date (three parts or YYYY-MM-DD) and datetime, with limits such as today-18y."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flows.rules.answers.shapes import AnswerContext, FieldLike, Kind, Problem, Wrong, noun, subject, wrong
from flows.rules.timing import Span, add, zone_named
from flows.rules.words import date_in_words
from flows.words import N_
from flows.words import gettext as _

PARTS = {"day": N_("day"), "month": N_("month"), "year": N_("year")}
LATER, EARLIER = N_("%(field)s must be %(limit)s or later"), N_("%(field)s must be %(limit)s or earlier")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FROM_TODAY = re.compile(r"today(?:([+-])(\d{1,4})(d|wd|w|m|y))?", re.ASCII)
_FROM_NOW = re.compile(r"now(?:([+-])(\d{1,4})([mh]))", re.ASCII)


def day_of(text: str, today: date) -> date:
    """`today`, `today-18y`, `today+3wd` (also d, w, m for months) or YYYY-MM-DD. ValueError says what to write."""
    found = _FROM_TODAY.fullmatch(text)
    if found is None:
        return date.fromisoformat(text)
    if found[1] is None:
        return today
    return _shifted(today, int(f"{found[1]}{found[2]}"), found[3])


def moment_in(scope: Mapping[str, Any]) -> datetime | None:
    """The `now` of a scope, where it is a moment or ISO text."""
    now = scope.get("now")
    return datetime.fromisoformat(now) if isinstance(now, str) else now


def _moment_of(text: str, context: AnswerContext, *, last: bool) -> datetime:
    """A limit of a datetime field: `now-30m` (also h) to the minute, otherwise the first or last second of a day."""
    now = moment_in(context.scope)
    if now is not None and (found := _FROM_NOW.fullmatch(text)):
        return now + timedelta(minutes=int(f"{found[1]}{found[2]}") * (60 if found[3] == "h" else 1))
    zone = zone_named(context.zone)
    if now is not None and text == "now":
        return now
    if len(text) > 10 and text[:1].isdigit():
        moment = datetime.fromisoformat(text)
        return moment if moment.utcoffset() is not None else moment.replace(tzinfo=zone)
    day = day_of(_FROM_NOW.sub("today", text).replace("now", "today"), context.today)
    return datetime.combine(day, time(23, 59, 59) if last else time(0), zone)


def _shifted(day: date, amount: int, unit: str) -> date:
    if unit in ("m", "y"):
        months = day.year * 12 + day.month - 1 + amount * (12 if unit == "y" else 1)
        return _last_possible(months // 12, months % 12 + 1, day.day)
    if unit == "wd" and amount > 0:
        noon = datetime.combine(day, time(12), UTC)
        return add(noon, Span(amount, "wd"), "UTC").date()
    if unit in ("d", "w"):
        return day + timedelta(days=amount * (7 if unit == "w" else 1))
    raise ValueError(f"{amount}{unit} is no distance between dates; use d, w, m or y")


def _last_possible(year: int, month: int, day: int) -> date:
    """29 February eighteen years ago is 28 February."""
    while True:
        try:
            return date(year, month, day)
        except ValueError:
            if day <= 28:
                raise
            day -= 1


def _date(field: FieldLike, raw: Any, context: AnswerContext) -> str:
    day = _from_parts(field, raw) if isinstance(raw, Mapping) else _from_text(field, raw)
    _between(field, day, context)
    return day.isoformat()


def _from_text(field: FieldLike, raw: Any) -> date:
    if isinstance(raw, str) and _ISO.fullmatch(raw.strip()):
        try:
            return date.fromisoformat(raw.strip())
        except ValueError:
            wrong("date", _("%(field)s must be a real date", field=subject(field)))
    wrong("date", _("Enter %(field)s as year, month and day, like 2026-11-24", field=noun(field)))


def _from_parts(field: FieldLike, raw: Mapping[str, Any]) -> date:
    if unknown := set(raw) - set(PARTS):
        wrong("unknown", _("A date has a day, a month and a year, not %(unknown)s", unknown=repr(sorted(unknown)[0])))
    texts = {part: str(raw.get(part) if raw.get(part) is not None else "").strip() for part in PARTS}
    if missing := [part for part in PARTS if not texts[part]]:
        said = N_("%(field)s must include a %(part)s")
        raise Wrong(*(_of_part(field, part, "required", said) for part in missing))
    numbers = {part: int(text) for part, text in texts.items() if re.fullmatch(r"\d{1,4}", text, re.ASCII)}
    ranges = {"day": (1, 31), "month": (1, 12), "year": (1000, 9999)}
    bad = [part for part in PARTS if not ranges[part][0] <= numbers.get(part, -1) <= ranges[part][1]]
    if bad:
        said = N_("%(field)s must have a real %(part)s")
        raise Wrong(*(_of_part(field, part, "date", said) for part in bad))
    try:
        return date(numbers["year"], numbers["month"], numbers["day"])
    except ValueError:
        wrong("date", _("%(field)s must be a real date", field=subject(field)), "/day")


def _of_part(field: FieldLike, part: str, code: str, said: str) -> Problem:
    return Problem(f"/{part}", code, _(said, field=subject(field), part=_(PARTS[part])))


def _between(field: FieldLike, day: date, context: AnswerContext) -> None:
    low = day_of(field.min, context.today) if field.min else None
    high = day_of(field.max, context.today) if field.max else None
    if low is not None and day < low:
        wrong(
            "min",
            _(LATER, field=subject(field), limit=_limit(low, context.today)),
            min=low.isoformat(),
        )
    if high is not None and day > high:
        wrong(
            "max",
            _(EARLIER, field=subject(field), limit=_limit(high, context.today)),
            max=high.isoformat(),
        )


def _between_moments(field: FieldLike, moment: datetime, context: AnswerContext) -> None:
    for limit, code, said in ((field.min, "min", LATER), (field.max, "max", EARLIER)):
        if not limit:
            continue
        bound = _moment_of(limit, context, last=code == "max")
        if (moment < bound) if code == "min" else (moment > bound):
            shown = _moment_said(bound, context.zone)
            wrong(code, _(said, field=subject(field), limit=shown), **{code: bound.isoformat()})


def _limit(day: date, today: date) -> str:
    return _("today") if day == today else date_in_words(day)


def _moment_said(moment: datetime, zone: str) -> str:
    local = moment.astimezone(zone_named(zone))
    return _("%(day)s at %(time)s", day=date_in_words(local), time=f"{local:%H:%M}")


def _datetime(field: FieldLike, raw: Any, context: AnswerContext) -> str:
    """RFC 3339; without an offset it is the wall clock of the instance's zone. Kept in UTC."""
    try:
        moment = datetime.fromisoformat(raw.strip()) if isinstance(raw, str) and "T" in raw.strip().upper() else None
        if moment is not None and moment.utcoffset() is None:
            moment = moment.replace(tzinfo=zone_named(context.zone))
        given = moment.astimezone(UTC) if moment is not None else None
    except (ValueError, OverflowError):
        given = None
    if given is None:
        wrong("datetime", _("Enter %(field)s as a date and time, like 2026-11-24T10:30", field=noun(field)))
    _between_moments(field, given, context)
    return given.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _show_date(_field: FieldLike, value: Any, _context: AnswerContext | None) -> str:
    try:
        return date_in_words(date.fromisoformat(value))
    except (ValueError, TypeError):
        return " ".join(str(value.get(part, "")) for part in PARTS) if isinstance(value, Mapping) else str(value)


def _show_datetime(_field: FieldLike, value: Any, context: AnswerContext | None) -> str:
    try:
        return _moment_said(datetime.fromisoformat(value), context.zone if context else "UTC")
    except (ValueError, TypeError):
        return str(value)


KINDS = {"date": Kind(_date, _show_date), "datetime": Kind(_datetime, _show_datetime)}
