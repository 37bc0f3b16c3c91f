"""Tenants to start something for, found by name, email, address or phone, with what is open for them (C25)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from flows.access import clean, read_as, require, visible_organisations
from flows.models import Instance, Membership, Organisation, SearchWord, User
from flows.models.instances import reference_of
from flows.queries.search import begins, words_asked
from flows.rules.actors import Actor

MOST_FOUND = 20


@dataclass(frozen=True)
class Tenant:
    """Somebody to choose: a person with their household or company, or an organisation as a whole.

    `uid` is what `start_by_staff` takes; `open` are the references of what is open of the flow that was asked about.
    """

    uid: str
    name: str
    email: str
    phone: str
    organisation: str
    address: str
    time_zone: str
    organisation_id: int
    open: tuple[str, ...] = ()


def found(actor: Actor, text: str, flow: str, now: datetime) -> list[Tenant]:
    """At most MOST_FOUND that have every word of the text, in three statements; none for a text without words.

    Words are names, emails, addresses, and telephone numbers with or without the country (C25; needs `view`).
    """
    require(actor, "view")
    words, digits = words_asked(text), re.sub(r"\D", "", text).lstrip("0")
    if not words:
        return []
    by_words = and_(*(or_(User.id.in_(_who(word)), Organisation.id.in_(_whose(word))) for word in words))
    matches = or_(by_words, _plain_phone().contains(digits)) if len(digits) >= 4 else by_words
    people = _people().where(matches).order_by(User.name, User.id, Membership.id).limit(MOST_FOUND)
    whole = (
        visible_organisations(actor)
        .where(_acts_as_a_whole(), *(Organisation.id.in_(_whose(word)) for word in words))
        .limit(MOST_FOUND)
    )
    session = read_as(actor)
    rows = [_person(user, organisation) for user, organisation in session.execute(people)]
    rows += [_whole(organisation) for organisation in session.scalars(whole)]
    return _with_open(actor, list({row.uid: row for row in reversed(rows)}.values())[::-1][:MOST_FOUND], flow, now)


def one(actor: Actor, uid: str, flow: str, now: datetime) -> Tenant | None:
    """The person or organisation with this opaque id; None when nothing can be started for it."""
    wanted, session = clean(uid), read_as(actor)
    if wanted.startswith("usr_"):
        row = session.execute(_people().where(User.uid == wanted).order_by(Membership.id).limit(1)).one_or_none()
        tenants = [_person(*row)] if row is not None else []
    else:
        organisation = session.scalar(visible_organisations(actor).where(Organisation.uid == wanted))
        tenants = [_whole(organisation)] if organisation is not None else []
    return next(iter(_with_open(actor, tenants, flow, now)), None)


def _people() -> Select[User, Organisation]:
    return (
        select(User, Organisation)
        .join(Membership, Membership.user_id == User.id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(User.kind == "customer", User.is_active, Organisation.is_active)
    )


def _acts_as_a_whole() -> ColumnElement[bool]:
    """Companies, and households in which nobody is yet: a household with people is found by its people."""
    return or_(Organisation.kind == "company", ~exists().where(Membership.organisation_id == Organisation.id))


def _who(word: str) -> Select[Any]:
    return select(SearchWord.user_id).where(*begins(word), SearchWord.user_id.is_not(None))


def _whose(word: str) -> Select[Any]:
    return select(SearchWord.organisation_id).where(*begins(word), SearchWord.organisation_id.is_not(None))


def _plain_phone() -> Any:
    """A number as people write it, without what they put between its digits: they may know its end alone."""
    plain: Any = User.phone
    for between in (" ", "-", "(", ")"):
        plain = func.replace(plain, between, "")
    return plain


def _person(user: User, organisation: Organisation) -> Tenant:
    return Tenant(
        user.uid,
        user.name,
        user.email,
        user.phone,
        organisation.name,
        organisation.address,
        user.time_zone,
        organisation.id,
    )


def _whole(organisation: Organisation) -> Tenant:
    return Tenant(
        organisation.uid,
        organisation.name,
        "",
        "",
        organisation.name,
        organisation.address,
        organisation.time_zone,
        organisation.id,
    )


def _with_open(actor: Actor, tenants: Sequence[Tenant], flow: str, now: datetime) -> list[Tenant]:
    if not flow or not tenants:
        return list(tenants)
    running = _running(actor, {tenant.organisation_id for tenant in tenants}, flow, now)
    return [replace(tenant, open=tuple(running.get(tenant.organisation_id, ()))) for tenant in tenants]


def _running(actor: Actor, organisations: Iterable[int], flow: str, now: datetime) -> dict[int, list[str]]:
    query = select(Instance.organisation_id, Instance.id).where(
        Instance.organisation_id.in_(organisations),
        Instance.flow == clean(flow),
        Instance.closed_at.is_(None),
        or_(Instance.expires_at.is_(None), Instance.expires_at > now),
    )
    references: dict[int, list[str]] = {}
    for organisation_id, row_id in read_as(actor).execute(query.order_by(Instance.id).limit(100)):
        references.setdefault(organisation_id, []).append(reference_of(row_id))
    return references
