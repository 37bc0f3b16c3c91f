"""Cases and department tasks through their verbs: two departments, their people, and short words for what they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import select

from flows import access
from flows.actions import acting, assigning, beginning, commenting, versions
from flows.actions.beginning import Wish
from flows.actions.scope import for_actions
from flows.clock import clock
from flows.models import Department, DepartmentMember, Instance, Role, TimelineEvent, User
from flows.queries import allowed, boxes
from flows.rules.actors import SYSTEM, Actor
from flows.work import end_reading, unit_of_work
from tests.world import World

SUBJECT = {"subject": "Noise from flat 4", "details": "Every night", "department": "dep_repairs", "files": None}
TASK = {"subject": "Inspect the damp", "department": "dep_repairs"}


def department_task(by: Actor) -> str:
    """The reference of a new task for Repairs."""
    with unit_of_work(by) as work:
        instance = beginning.start_by_staff(work, "department-task", "", Wish(fields=TASK))
        work.session.flush()
        return instance.reference


@dataclass
class Desk:
    """A case or task and who does what to it; every method is one piece of work, and `now()` reads it anew.

    Repairs: gus (manager of tests.world) and rob; Lettings: lea (manager) and liv.
    """

    world: World
    people: dict[str, Actor]
    ref: str = ""

    def raise_case(self, by: str = "priya", **more: Any) -> Instance:
        with unit_of_work(self.people[by]) as work:
            given = {**SUBJECT, **more}
            instance = beginning.start_by_customer(work, "department-request", self.world.household, given)
            work.session.flush()
            self.ref = instance.reference
        return self.now()

    def make_task(self, by: str = "gus", flow: str = "department-task", customer: str = "", **more: Any) -> Instance:
        wish = Wish(fields={**TASK, **more.pop("fields", {})}, **more)
        with unit_of_work(self.people[by]) as work:
            instance = beginning.start_by_staff(work, flow, customer, wish)
            work.session.flush()
            self.ref = instance.reference
        return self.now()

    def now(self, ref: str = "") -> Instance:
        end_reading()
        return access.instance_to_read(SYSTEM, ref or self.ref)

    def act(self, by: str, action: str, comment: str = "", **more: Any) -> Instance:
        with unit_of_work(self.people[by]) as work:
            acting.act(work, access.instance_to_change(work, self.ref), action, comment=comment, **more)
        return self.now()

    def forward(self, by: str, department: str, to: str | None, comment: str = "") -> Instance:
        asked = {"to_department": f"dep_{department}", "to_user": to and f"usr_{to}"}
        return self.act(by, "forward", comment, asked=asked)

    def take(self, by: str) -> None:
        with unit_of_work(self.people[by]) as work:
            assigning.take(work, access.instance_to_change(work, self.ref))

    def comment(self, by: str, text: str, is_internal: bool = False) -> None:
        with unit_of_work(self.people[by]) as work:
            commenting.comment(work, access.instance_to_change(work, self.ref), text, is_internal)

    def assignee(self) -> str | None:
        instance = self.now()
        return next((who for who, one in self.people.items() if one.user_id == instance.assignee_id), None)

    def allowed(self, by: str) -> list[str]:
        instance, session = self.now(), access.read_as(SYSTEM)
        definition = versions.definition_of(session, instance)
        scope = for_actions(session, instance, definition, clock.now())
        return allowed.of_case(self.people[by], instance, definition, scope)

    def actions(self, by: str) -> set[str]:
        return {name.removeprefix("act.") for name in self.allowed(by) if name.startswith("act.")}

    def box(self, by: str, box: str, **more: Any) -> list[str]:
        end_reading()
        return [one.reference for one in boxes.in_box(self.people[by], box, clock.now(), **more).rows]

    def facts(self, kind: str) -> list[Mapping[str, Any]]:
        end_reading()
        query = select(TimelineEvent.facts).where(
            TimelineEvent.instance_id == self.now().id, TimelineEvent.kind == kind
        )
        return list(access.read_as(SYSTEM).scalars(query.order_by(TimelineEvent.seq)))


@pytest.fixture
def desk(world: World) -> Desk:
    people: dict[str, Actor] = {}
    with unit_of_work(SYSTEM) as work:
        repairs = work.session.scalars(select(Department).where(Department.uid == "dep_repairs")).one()
        colleagues = Role(name="colleague", permissions=["view", "create", "message"])
        work.session.add(colleagues)
        lettings = Department(uid="dep_lettings", name="Lettings")
        work.session.add(lettings)
        for name, department, is_manager in (
            ("Rob", repairs, False),
            ("Lea", lettings, True),
            ("Liv", lettings, False),
        ):
            user = User(
                uid=f"usr_{name.lower()}", kind="staff", name=f"{name} Colleague", email=f"{name.lower()}@example.com",
                created_at=work.now, roles=[colleagues],
            )  # fmt: skip
            work.session.add(user)
            work.session.flush()
            department.members.append(DepartmentMember(user_id=user.id, is_manager=is_manager, created_at=work.now))
            work.session.flush()
            own = frozenset({department.id})
            people[name.lower()] = Actor(
                "staff", user.id, user.name, user.email, permissions=frozenset({"view", "create", "message"}),
                departments=own, manages=own if is_manager else frozenset(), time_zone="Europe/London",
            )  # fmt: skip
        own = frozenset({repairs.id})
        people["gus"] = replace(world.agent, departments=own, manages=own)
    people |= {"ada": world.admin, "priya": world.tenant, "stan": world.stranger}
    return Desk(world, people)
