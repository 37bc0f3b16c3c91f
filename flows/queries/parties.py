"""The organisations and people that rows name, read together, so that no row asks for its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import InstrumentedAttribute

from flows.access import read_as
from flows.models import Instance, Organisation, User
from flows.rules.actors import Actor


@dataclass(frozen=True)
class Parties:
    """Rows by id."""

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


def know(actor: Actor, instance: Instance, *also: InstrumentedAttribute[Any]) -> None:
    """Read an instance's people, organisation and department in one statement, so that nobody asks for one by one.

    They are its own from then on (`instance.assignee` and the like); `also` names more of them.
    """
    related = (
        Instance.organisation, Instance.customer, Instance.creator, Instance.assignee, Instance.department, *also
    )  # fmt: skip
    query = select(Instance).where(Instance.id == instance.id)
    read_as(actor).scalar(query.options(*(joinedload(one) for one in related)))
