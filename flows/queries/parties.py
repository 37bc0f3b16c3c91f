"""The organisations and people that rows name, read together, so that no row asks for its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import InstrumentedAttribute

from flows.access import read_as
from flows.models import FlowVersion, Instance, Organisation, User
from flows.queries.versions_in_use import NEWEST
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
    read_as(actor).scalar(_with_parties(instance, *also))


def know_with_version(actor: Actor, instance: Instance) -> int:
    """The same with the version of its flow, in the same statement; the newest number that there is of it."""
    query = _with_parties(instance).options(
        joinedload(Instance.flow_version).load_only(FlowVersion.flow, FlowVersion.number)
    )
    newest: int = read_as(actor).execute(query.add_columns(NEWEST.correlate(Instance).scalar_subquery())).one()[1]
    return newest


def _with_parties(instance: Instance, *also: InstrumentedAttribute[Any]) -> Select[Any]:
    related = (
        Instance.organisation, Instance.customer, Instance.creator, Instance.assignee, Instance.department, *also
    )  # fmt: skip
    return select(Instance).where(Instance.id == instance.id).options(*(joinedload(one) for one in related))
