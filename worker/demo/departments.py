"""The landlord's departments: a request that a tenant raised, words about it, and a task that it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import select

from flows import access
from flows.actions import acting, beginning, commenting
from flows.actions.beginning import Wish
from flows.models import Department
from flows.work import Work, unit_of_work
from worker.demo.playing import Player, Scene

DAMP = {
    "subject": "Damp in the corner of the bedroom",
    "details": "It comes through behind the wardrobe when it rains from the west. The wallpaper is loose by now.",
}
GUTTER = {
    "subject": "Clear the gutter at 14 Mill Lane",
    "details": "It runs over above the bedroom. Ladder from the store, two people.",
}


@dataclass
class Departments:
    """Cases and tasks by the name that the story gives them; each method is one scene."""

    player: Player
    references: dict[str, str] = field(default_factory=dict)

    def raise_case(self, name: str, tenant: str, home: str, department: str, given: dict[str, str]) -> None:
        with unit_of_work(self.player.actor(tenant)) as work:
            asked = {**given, "department": _department(work, department)}
            organisation = self.player.cast.organisations[home]
            self.references[name] = beginning.start_by_customer(work, "department-request", organisation, asked).uid
        self.player.settle()

    def make_task(self, name: str, who: str, on: str, department: str, given: dict[str, str]) -> None:
        """A task on a case, for our own people."""
        with unit_of_work(self.player.actor(who)) as work:
            asked = {**given, "department": _department(work, department)}
            wish = Wish(fields=asked, parent=self.references[on], is_internal=True)
            self.references[name] = beginning.start_by_staff(work, "department-task", "", wish).uid
        self.player.settle()

    def act(self, who: str, name: str, action: str, comment: str = "") -> None:
        with unit_of_work(self.player.actor(who)) as work:
            acting.act(work, access.instance_to_change(work, self.references[name]), action, comment=comment)
        self.player.settle()

    def say(self, who: str, name: str, text: str, is_internal: bool = False) -> None:
        with unit_of_work(self.player.actor(who)) as work:
            commenting.comment(work, access.instance_to_change(work, self.references[name]), text, is_internal)
        self.player.settle()


def _department(work: Work, name: str) -> str:
    return work.session.scalars(select(Department.uid).where(Department.name == name)).one()


def story(player: Player) -> Iterator[Scene]:
    """Gareth's damp wall: Joe looks, says what comes, and has the gutter cleared."""
    desk, ago = Departments(player), player.days_ago
    yield Scene(ago(3, "08:35"), partial(desk.raise_case, "damp", "gareth", "Gareth Price", "Repairs", DAMP))
    yield Scene(ago(2, "09:40"), partial(desk.act, "joe", "damp", "doing"))
    looked = (
        "I have looked from the outside: the gutter above your bedroom runs over. We clear it first, then the wall."
    )
    yield Scene(ago(2, "14:20"), partial(desk.say, "joe", "damp", looked))
    yield Scene(ago(2, "14:30"), partial(desk.make_task, "gutter", "joe", "damp", "Repairs", GUTTER))
    yield Scene(ago(2, "18:55"), partial(desk.say, "gareth", "damp", "Thank you. I am at home on Friday morning."))
    yield Scene(ago(1, "10:15"), partial(desk.say, "joe", "damp", "Ask Maya whether number 16 has it too.", True))
