"""The people of a sandbox: a customer with two members, and staff who may everything that the flow names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flows.authoring.play import family
from flows.catalogue import FlowDefinition
from flows.models import Department, DepartmentMember, Membership, Organisation, Role, User
from flows.models.base import opaque_id
from flows.rules.actors import PERMISSIONS, Actor
from flows.work import Work

CUSTOMERS = ("customer", "member")
STAFF = ("agent", "reviewer", "manager")
NAMES = {
    "customer": "Chris Customer", "member": "Mo Member", "agent": "Alex Agent", "reviewer": "Robin Reviewer",
    "manager": "Max Manager",
}  # fmt: skip
DEPARTMENTS = {"first": ("agent", "manager"), "second": ("reviewer", "manager")}
"""Who works where; the manager manages both."""


@dataclass(frozen=True)
class Stranger:
    """Who the customer of a play is, where somebody in particular is meant; what is empty is made up.

    `language` is everybody's.
    """

    name: str = ""
    email: str = ""
    phone: str = ""
    organisation: str = ""
    slug: str = ""
    address: str = ""
    kind: str = ""
    language: str = ""


NOBODY_KNOWN = Stranger()


@dataclass(frozen=True)
class Cast:
    """Everybody by the word that scenarios call them; `uids` and `departments` as the answers of a form name them."""

    organisation: str
    organisation_id: int
    actors: dict[str, Actor]
    uids: dict[str, str]
    departments: dict[str, str]

    def by_id(self, user_id: int | None) -> Actor | None:
        return next((actor for actor in self.actors.values() if actor.user_id == user_id), None)


def assemble(
    work: Work, definition: FlowDefinition, zone: str, organisation_uid: str = "cus_1", customer_uid: str = "usr_1",
    stranger: Stranger = NOBODY_KNOWN,
) -> Cast:  # fmt: skip
    """Write the people into an empty database. An event may say under which ids it knows the customer."""
    add, now = work.session.add, work.now
    organisation = Organisation(
        uid=organisation_uid, name=stranger.organisation or "Acme Ltd", slug=stranger.slug or "acme",
        kind=stranger.kind or _kind(definition), time_zone=zone, created_at=now,
        address=stranger.address or "12 Mill Lane, Leeds LS1 4AB",
    )  # fmt: skip
    roles = [Role(name="everything", permissions=list(PERMISSIONS))]
    named = {name for flow in family.started_by(definition) for name in roles_named(flow)}
    roles += [Role(name=name, permissions=[]) for name in sorted(named)]
    people = {key: _person(key, zone, now, roles) for key in NAMES}
    _play(people, stranger)
    people["customer"].uid = customer_uid
    for row in (organisation, *people.values()):
        add(row)
    work.session.flush()
    for key in CUSTOMERS:
        add(Membership(user_id=people[key].id, organisation_id=organisation.id, role="owner", created_at=now))
    departments = {key: _department(key, people, now) for key in DEPARTMENTS}
    there = {row.name for row in departments.values()}
    also = [_called(name, people, now) for name in sorted(family.departments_named(definition) - there)]
    work.session.add_all([*departments.values(), *also])
    work.session.flush()
    return Cast(
        organisation.uid,
        organisation.id,
        {key: _actor(key, row, departments, also) for key, row in people.items()},
        {key: row.uid for key, row in people.items()},
        {key: row.uid for key, row in departments.items()},
    )


def roles_named(definition: FlowDefinition) -> set[str]:
    """The roles that a flow speaks of anywhere, as in `role.lettings`."""
    return {text.removeprefix("role.") for text in _texts(definition.model_dump()) if text.startswith("role.")}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _kind(definition: FlowDefinition) -> str:
    """A flow that an event starts is for a company; what people start for themselves is for a household."""
    return "company" if definition.start.event else "household"


def _person(key: str, zone: str, now: datetime, roles: list[Role]) -> User:
    staff = key in STAFF
    return User(
        uid=f"usr_{key}", kind="staff" if staff else "customer", name=NAMES[key], email=f"{key}@example.com",
        email_verified_at=now, time_zone=zone, created_at=now, roles=list(roles) if staff else [],
    )  # fmt: skip


def _play(people: dict[str, User], stranger: Stranger) -> None:
    """The customer is whoever is meant, and everybody speaks their language."""
    for part in ("name", "email", "phone"):
        if said := getattr(stranger, part):
            setattr(people["customer"], part, said)
    for person in people.values() if stranger.language else ():
        person.language = stranger.language


def _department(key: str, people: dict[str, User], now: datetime) -> Department:
    members = [
        DepartmentMember(user=people[one], is_manager=one == "manager", created_at=now) for one in DEPARTMENTS[key]
    ]
    return Department(uid=f"dep_{key}", name=f"{key.capitalize()} department", members=members)


def _called(name: str, people: dict[str, User], now: datetime) -> Department:
    """One that a flow calls by its name, with the people of the first."""
    made = _department("first", people, now)
    made.uid, made.name = opaque_id("dep"), name
    return made


def _actor(key: str, row: User, departments: dict[str, Department], also: list[Department]) -> Actor:
    mine = frozenset(departments[name].id for name, members in DEPARTMENTS.items() if key in members)
    mine |= {one.id for one in also if key in DEPARTMENTS["first"]}
    return Actor(
        "staff" if key in STAFF else "customer",
        row.id,
        row.name,
        row.email,
        permissions=frozenset(PERMISSIONS) if key in STAFF else frozenset(),
        roles=frozenset(role.name for role in row.roles),
        departments=mine if key in STAFF else frozenset(),
        manages=mine if key == "manager" else frozenset(),
        time_zone=row.time_zone,
        language=row.language,
    )
