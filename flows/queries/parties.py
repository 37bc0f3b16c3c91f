"""The organisations and people that rows name, read together, so that no row asks for its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from flows.access import read_as
from flows.models import Organisation, User
from flows.rules.actors import Actor


@dataclass(frozen=True)
class Parties:
    """Rows by id. Holding them keeps them in the session, where other rows find them without a statement."""

    organisations: Mapping[int, Organisation]
    users: Mapping[int, User]


def of_many(actor: Actor, organisation_ids: Iterable[int], user_ids: Iterable[int | None]) -> Parties:
    """For a list: one statement for organisations, one for people when there are any."""
    session, people = read_as(actor), {user_id for user_id in user_ids if user_id is not None}
    organisations = session.scalars(select(Organisation).where(Organisation.id.in_(set(organisation_ids))))
    users = session.scalars(select(User).where(User.id.in_(people))) if people else ()
    return Parties({row.id: row for row in organisations}, {row.id: row for row in users})


def of_one(actor: Actor, organisation_id: int, user_ids: Iterable[int | None]) -> Parties:
    """For one row: everybody in one statement."""
    people = {user_id for user_id in user_ids if user_id is not None}
    query = select(Organisation, User).outerjoin(User, User.id.in_(people)).where(Organisation.id == organisation_id)
    rows = read_as(actor).execute(query).all()
    return Parties({row[0].id: row[0] for row in rows}, {row[1].id: row[1] for row in rows if row[1] is not None})
