"""Customers are added, changed and turned off by staff; never deleted, because their orders and tasks stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import func, select

from flows.access import clean, require
from flows.actions.accounts import slug_of
from flows.actions.changing import change, flush, locked, one_of, text
from flows.clock import clock
from flows.models import Organisation
from flows.rules.errors import Invalid, Problem, Refused
from flows.words import N_
from flows.words import gettext as _
from flows.work import Work

FIELDS = ("name", "kind", "parent_id", "address", "time_zone")
KINDS = ("company", "household")


def add(work: Work, given: Mapping[str, str]) -> Organisation:
    """A new customer, of a reseller or of our own. Raises Invalid with every problem (needs `users`)."""
    require(work.actor, "users")
    values = _checked(work, given)
    organisation = Organisation(slug=slug_of(values["name"]), created_at=clock.wall(), **values)
    work.session.add(organisation)
    flush(work)
    work.audit("organisation_added", organisation.name, **values)
    return organisation


def amend(work: Work, uid: str, given: Mapping[str, str], seen: str = "") -> Organisation:
    """Change a customer; open tasks keep the name they began with. Raises Invalid, Stale (needs `users`)."""
    require(work.actor, "users")
    organisation = _customer(work, uid)
    change(work, organisation, "organisation_changed", organisation.name, _checked(work, given, organisation), seen)
    return organisation


def turn(work: Work, uid: str, on: bool) -> Organisation:
    """Turn a customer off (nothing can be ordered for it) or on again (needs `users`)."""
    require(work.actor, "users")
    organisation = _customer(work, uid)
    change(
        work,
        organisation,
        "organisation_turned_on" if on else "organisation_turned_off",
        organisation.name,
        {"is_active": on},
        "",
    )
    return organisation


def _customer(work: Work, uid: str) -> Organisation:
    """The row, locked; the house is not theirs to change here."""
    organisation: Organisation = locked(work, Organisation, uid, N_("No such customer"))
    if not organisation.is_customer:
        raise Refused(_("No such customer"))
    return organisation


def _checked(work: Work, given: Mapping[str, str], itself: Organisation | None = None) -> dict[str, Any]:
    problems: list[Problem] = []
    values: dict[str, Any] = {
        "name": text(given, "name", 160, problems, _("Enter the customer's name")),
        "kind": one_of(given, "kind", KINDS, problems),
        "address": text(given, "address", 400, problems),
        "time_zone": text(given, "time_zone", 64, problems, _("Enter a time zone, such as Europe/London")),
    }
    if values["time_zone"] and values["time_zone"] not in available_timezones():
        problems.append(Problem("/time_zone", "choice", _("Enter a time zone, such as Europe/London")))
    values["parent_id"] = _parent(work, given.get("parent", ""), itself, problems)
    if not problems and _has_twin(work, values, itself):
        problems.append(Problem("/name", "taken", _("There is a customer with this name already. Use another name")))
    if problems:
        raise Invalid(problems)
    return values


def _parent(work: Work, name: str, itself: Organisation | None, problems: list[Problem]) -> int | None:
    """Resellers have no reseller of their own: one level, as everywhere (A35)."""
    if not name.strip():
        return None
    top = select(Organisation).where(
        func.lower(Organisation.name) == clean(name).strip().lower(),
        Organisation.parent_id.is_(None),
        Organisation.kind == "company",
    )
    parent = work.session.scalar(top.order_by(Organisation.id).limit(1))
    has_customers = itself is not None and work.session.scalar(
        select(Organisation.id).where(Organisation.parent_id == itself.id).limit(1)
    )
    if parent is None or (itself is not None and parent.id == itself.id):
        problems.append(
            Problem(
                "/parent", "unknown", _("Enter the exact name of a company that has no reseller itself, or nothing")
            )
        )
    elif has_customers:
        problems.append(
            Problem("/parent", "nested", _("This organisation has customers of its own, so it cannot have a reseller"))
        )
    return parent.id if parent is not None else None


def _has_twin(work: Work, values: Mapping[str, Any], itself: Organisation | None) -> bool:
    twin = select(Organisation.id).where(
        func.lower(Organisation.name) == values["name"].lower(),
        Organisation.kind == "company",
        Organisation.parent_id == values["parent_id"] if values["parent_id"] else Organisation.parent_id.is_(None),
    )
    found = work.session.scalars(twin.limit(2)).all() if values["kind"] == "company" else []
    return any(itself is None or row_id != itself.id for row_id in found)
