"""Staff change rows without a life cycle: nobody overwrites what they have not seen, and the audit log tells."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from flows import access
from flows.access import clean
from flows.models import Base
from flows.rules.errors import Invalid, Problem, Refused, Stale
from flows.words import gettext as _
from flows.work import Work


def fingerprint(values: Mapping[str, Any]) -> str:
    """Stands in the form; when it is another one on saving, somebody else was quicker."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:16]


def values_of(row: Base, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def locked(work: Work, model: type[Any], uid: str, otherwise: str) -> Any:
    """The row with this opaque id, locked; Refused with these words when there is none."""
    row = access.locked(work, select(model).where(model.uid == clean(uid)).with_for_update(of=model))
    if row is None:
        raise Refused(_(otherwise))
    return row


def change(work: Work, row: Base, kind: str, thing: str, after: Mapping[str, Any], seen: str) -> dict[str, Any]:
    """Set the values and note in the audit log which were others before; returns [before, after] by name.

    `seen` is the fingerprint of what the actor saw, of the same names; raises Stale when the row has moved on.
    """
    before = values_of(row, list(after))
    if seen and seen != fingerprint(before):
        raise Stale(
            _("Somebody else changed this while you had it open. Check what is there now, then save again"),
            fingerprint(before),
        )
    changed = {name: [before[name], value] for name, value in after.items() if before[name] != value}
    for name in changed:
        setattr(row, name, after[name])
    flush(work)
    if changed:
        work.audit(kind, thing, **changed)
    return changed


def flush(work: Work) -> None:
    """Write now, so that a value that must be unique is refused in words and not by the database's."""
    try:
        work.session.flush()
    except IntegrityError as conflict:
        raise Invalid(
            _("This is in use already, or it was changed at the same moment. Look again and retry"), "", "conflict"
        ) from conflict


def text(values: Mapping[str, str], name: str, most: int, problems: list[Problem], required: str = "") -> str:
    """A line that was typed, trimmed; a problem when it is too long, or missing while `required` says what to enter."""
    given = clean(values.get(name, "")).strip()
    if required and not given:
        problems.append(Problem(f"/{name}", "required", required))
    elif len(given) > most:
        problems.append(
            Problem(f"/{name}", "too-long", _("Use %(most)s characters at most", most=f"{most:,}"), {"most": most})
        )
    return given


def one_of(values: Mapping[str, str], name: str, words: Sequence[str], problems: list[Problem]) -> str:
    """One of the words that there are to choose from."""
    given = values.get(name, "")
    if given not in words:
        problems.append(Problem(f"/{name}", "choice", _("Choose one from the list")))
    return given
