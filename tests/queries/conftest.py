"""Requests as rows, with just what a test is about said, and the rest as it is in life."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from flows import catalogue
from flows.access import read_as
from flows.actions import versions
from flows.models import Instance, Membership, Organisation, User
from flows.models.base import opaque_id
from flows.rules.actors import SYSTEM
from flows.work import end_reading, unit_of_work
from tests.world import World

Made = Callable[..., str]


@pytest.fixture
def parts() -> tuple[str, ...]:
    """What is read is tested without any door."""
    return ()


@pytest.fixture
def made(world: World) -> Made:
    """`made(status="completed", customer="usr_priya")` writes one request; returns its reference."""

    def make(flow: str = "tenant-onboarding", customer: str = "usr_priya", home: str = "", **values: Any) -> str:
        loaded = catalogue.current().flows[flow]
        with unit_of_work(SYSTEM) as work:
            person = work.session.scalar(select(User).where(User.uid == customer))
            member = select(Organisation).join(Membership, Membership.organisation_id == Organisation.id)
            own = work.session.scalar(member.where(Membership.user_id == (person.id if person else 0)))
            named = work.session.scalar(select(Organisation).where(Organisation.uid == home)) if home else own
            assert named is not None
            status = values.setdefault("status", "in_progress")
            closed = work.now if status in ("completed", "cancelled", "expired") else None
            instance = Instance(
                **{
                    "uid": opaque_id("ti"), "flow": flow, "flow_hash": loaded.content_hash,
                    "flow_version": versions.publish(work, loaded), "title": loaded.definition.title, "source": "staff",
                    "organisation_id": named.id, "customer_id": person.id if person else None,
                    "customer_name": named.name, "customer_address": named.address, "time_zone": "Europe/London",
                    "inputs": {}, "links": {}, "amounts": {}, "overlay": {}, "waited": {}, "steps_total": 4,
                    "steps_done": 1, "created_at": work.now, "last_activity_at": work.now, "closed_at": closed,
                    **values,
                }
            )  # fmt: skip
            work.session.add(instance)
            work.session.flush()
            return instance.reference

    return make


@pytest.fixture
def people(world: World) -> Callable[..., str]:
    """`people("Zoë O'Brien", "12 Mill Lane")` writes a household with one person; returns the person's opaque id."""

    def write(name: str, address: str = "", email: str = "", phone: str = "") -> str:
        with unit_of_work(SYSTEM) as work:
            home = Organisation(name=name, slug="h", kind="household", address=address, created_at=work.now)
            person = User(
                kind="customer", name=name, email=email or f"{opaque_id('m')}@mail.example", phone=phone,
                created_at=work.now,
            )  # fmt: skip
            work.session.add_all((home, person))
            work.session.flush()
            work.session.add(
                Membership(user_id=person.id, organisation_id=home.id, role="owner", created_at=work.now - timedelta(1))
            )
            return person.uid

    return write


def user_id(uid: str) -> int:
    end_reading()
    found = read_as(SYSTEM).scalar(select(User.id).where(User.uid == uid))
    assert found is not None
    return found
