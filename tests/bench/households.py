"""A landlord with nine hundred households and as many instances as are asked for, spread as they are in life."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from flows import catalogue
from flows.actions import versions
from flows.models import Instance, Membership, Message, Organisation, ReadCursor, User
from flows.models.base import opaque_id
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work

HOUSEHOLDS, AGENTS, NEWEST, MESSAGES = 900, 12, 30, 4
FIRST, LAST = (
    "Amina Ben Chen Dara Elif Farah Gareth Hana Ivo Jade Kofi Liam Maya Noor Olu Priya Quinn Rosa Sam Tomasz Una Vera"
    " Will Xin Yusuf Zoë Margaret Anil Bronwyn Caitlin",
    "Ahmed Baker Carter Doyle Ellis Fletcher Gupta Hughes Iqbal Jones Khan Lewis Mensah Novak O'Brien Price Quirke Reed"
    " Shah Taylor Usman Vaughan Wrona Xu Young Zieliński Adeyemi Brown Clarke Davies",
)
STREETS = ("Mill Lane", "Foundry Court", "Chapel Row", "Harehills Place", "Weaver's Yard", "Beck Street")
SOURCES = ("staff", "staff", "customer", "customer", "onboarding", "event")
OPEN = ("not_started", "in_progress", "in_progress", "awaiting_review")
ENDED = ("completed",) * 7 + ("cancelled", "expired")
RARE, FULL, COMMON, STREET = "quintrell", "priya shah", "priya", "lane"
"""Searches: a name that one household has, both names of one, a first name of thirty, a street of many."""


def people(rng: random.Random, count: int = HOUSEHOLDS) -> None:
    """Households with one or two people each, and agents; words for the search are kept as these rows are written."""
    first, last = FIRST.split(), LAST.split()
    with unit_of_work(SYSTEM) as work:
        add, now = work.session.add, work.now
        for n in range(AGENTS):
            add(User(kind="staff", email=f"agent{n}@landlord.example", name=f"Agent {n:02}", created_at=now))
        for n in range(count):
            name = f"{first[n % len(first)]} {last[n // len(first) % len(last)]}" if n else "Ada Quintrell"
            home = Organisation(
                name=name, slug=f"h{n}", kind="household", created_at=now,
                address=f"{rng.randint(1, 80)} {rng.choice(STREETS)}, Leeds LS{n % 28 + 1} {n % 9}AB",
            )  # fmt: skip
            tenant = User(kind="customer", email=f"tenant{n}@mail.example", name=name, created_at=now)
            work.session.add_all((home, tenant))
            work.session.flush()
            add(Membership(user_id=tenant.id, organisation_id=home.id, role="owner", created_at=now))


def instances(count: int) -> None:
    """Written as time goes, the oldest first, each an hour after the one before; of the newest more are running."""
    loaded = catalogue.current().flows["tenant-onboarding"]
    rng = random.Random(count)
    with unit_of_work(SYSTEM) as work:
        version = versions.publish(work, loaded)
        work.session.flush()
        homes = work.session.execute(
            select(Organisation.id, Organisation.name, Organisation.address, Membership.user_id)
            .join(Membership, Membership.organisation_id == Organisation.id)
            .where(Organisation.kind == "household")
            .order_by(Organisation.id)
        ).all()
        agents = list(work.session.scalars(select(User.id).where(User.name.startswith("Agent "))))
        for start in range(count, 0, -5_000):
            numbers = range(start - 1, max(start - 5_000, 0) - 1, -1)
            rows = [row_of(n, rng, _home(n, rng, homes), agents, work.now) for n in numbers]
            same = {
                "flow": loaded.definition.flow, "flow_hash": loaded.content_hash, "flow_version_id": version.id,
                "title": loaded.definition.title, "kind": "Onboarding", "time_zone": "Europe/London",
            }  # fmt: skip
            work.session.execute(insert(Instance), [row | same for row in rows])


def messages(reader_id: int) -> None:
    """Half of all instances were talked about, four messages each; of ten, the reader has one unread."""
    rng = random.Random(7)
    with unit_of_work(SYSTEM) as work:
        query = select(Instance.id, Instance.organisation_id, Instance.customer_id, Instance.created_at)
        found = work.session.execute(query.order_by(Instance.id)).all()
        talked = [row for row in found if rng.random() < 0.5]
        for start in range(0, len(talked), 5_000):
            some = talked[start : start + 5_000]
            said = [_message(row, seq) for row in some for seq in range(1, MESSAGES + 1)]
            read = [
                {
                    "user_id": reader_id,
                    "instance_id": row.id,
                    "seq": MESSAGES - (rng.random() < 0.1),
                    "read_at": work.now,
                }
                for row in some
            ]
            work.session.execute(insert(Message), said)
            work.session.execute(insert(ReadCursor), read)
            work.session.execute(
                update(Instance).where(Instance.id.in_([row.id for row in some])).values(message_seq=MESSAGES),
                execution_options={"synchronize_session": False},
            )


def _message(row: Any, seq: int) -> dict[str, Any]:
    return {
        "uid": opaque_id("msg"),
        "organisation_id": row.organisation_id,
        "instance_id": row.id,
        "seq": seq,
        "author_id": row.customer_id,
        "author_name": "Tenant",
        "author_kind": "customer",
        "text": f"The boiler makes a noise, part {seq}",
        "created_at": row.created_at + timedelta(minutes=seq),
    }


def _home(n: int, rng: random.Random, homes: Sequence[Any]) -> Any:
    """Any household; the newest belong to the two that are searched for, so that their page is full in every size."""
    if n < 2 * NEWEST:
        name = ("ada quintrell", FULL)[n % 2]
        return next((home for home in homes if home.name.casefold() == name), homes[0])
    return homes[rng.randrange(len(homes))]


def row_of(n: int, rng: random.Random, home: Any, agents: list[int], now: datetime) -> dict[str, Any]:
    is_open = rng.random() < (0.6 if n < 1_000 else 0.2)
    status = rng.choice(OPEN if is_open else ENDED)
    created_at = now - timedelta(hours=n)
    done = rng.randrange(6) if is_open else 6
    return {
        "uid": opaque_id("ti"),
        "source": rng.choice(SOURCES),
        "status": status,
        "waiting_on": {"awaiting_review": "staff", "in_progress": "customer", "not_started": "customer"}.get(status),
        "waiting_since": created_at if is_open else None,
        "organisation_id": home.id,
        "customer_id": home.user_id,
        "customer_name": home.name,
        "customer_address": home.address,
        "assignee_id": rng.choice(agents) if rng.random() < 0.85 else None,
        "inputs": {},
        "links": {},
        "amounts": {},
        "overlay": {},
        "waited": {},
        "steps_total": 6,
        "steps_done": done,
        "may_grow": is_open and n % 3 == 0,
        "rating": rng.randint(1, 5) if status == "completed" and rng.random() < 0.4 else None,
        "created_at": created_at,
        "due_at": now + timedelta(hours=rng.randint(-72, 400)) if is_open and rng.random() < 0.85 else None,
        "last_activity_at": created_at,
        "closed_at": None if is_open else created_at + timedelta(days=5),
    }
