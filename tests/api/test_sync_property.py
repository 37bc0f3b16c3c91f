"""Whatever anybody does: a copy with the changes laid over it is what a new phone gets (D5)."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from flows import access
from flows.actions import (
    assigning,
    closing,
    conversing,
    departments,
    noticing,
    organisations,
    rating,
    reopening,
    reviewing,
    submitting,
)  # fmt: skip
from flows.actions.accounts import people
from flows.clock import clock
from flows.models import Instance, Membership, Notice, Organisation
from flows.rules.actors import Actor
from flows.rules.errors import BatonError
from flows.work import Work, unit_of_work
from tests.api.conftest import Phone
from tests.api.syncing import Copy, fresh
from tests.guided.conftest import HOUSEHOLD, IDENTITY, Play, move_in, play
from tests.stages.desk import Desk, desk
from tests.walks.test_random_lives import Life
from tests.world import World
from wsgi import PARTS

__all__ = ["desk", "move_in", "play"]
STEPS = 51
IN_SMALL_PAGES = ("buyer", "gus")
GIVEN = {"identity": IDENTITY, "household": HOUSEHOLD, "inspection": {"found": "All well"}, "keys": {"slot": "Monday"}}


@pytest.fixture
def parts() -> tuple[str, ...]:
    return PARTS


class Everything:
    """Orders, guided requests, cases, talk and who may see what, by people who may and people who may not."""

    def __init__(self, world: World, play: Play, desk: Desk, seed: int) -> None:
        self.world, self.play, self.desk = world, play, desk
        self.dice, self.life = random.Random(seed), Life(world, seed)
        self.requests: list[str] = []
        self.done: set[str] = set()

    def step(self) -> str:
        act = self.dice.choice([
            self.life.step, self.life.step, self.begin, self.answer, self.answer, self.answer, self.draft, self.draft,
            self.review, self.review, self.reopen, self.end, self.say, self.say, self.read, self.rate, self.assign,
            self.due, self.raise_case, self.make_task, self.move_case, self.move_case, self.comment, self.forward,
            self.see, self.jump, self.account, self.member, self.department, self.revive,
        ])  # fmt: skip
        try:
            act()
            self.done.add(act.__name__)
        except BatonError:
            return f"{act.__name__} (refused)"
        return act.__name__

    def staff(self) -> Actor:
        return self.dice.choice([self.world.agent, self.world.admin, self.world.admin])

    def at(self, work: Work) -> Instance:
        return access.instance_to_change(work, self.dice.choice(self.requests or ["TI-1"]))

    def begin(self) -> None:
        self.play.start(assignee=self.dice.choice(["usr_gus", "usr_ada"]))
        self.requests.append(self.play.ref)

    def answer(self) -> None:
        name = self.dice.choice(list(GIVEN))
        with unit_of_work(self.world.agent if name == "inspection" else self.world.tenant) as work:
            instance = self.at(work)
            submitting.submit(work, instance, access.step_of(instance, name), GIVEN[name])

    def draft(self) -> None:
        name = self.dice.choice(list(GIVEN))
        with unit_of_work(self.world.agent if name == "inspection" else self.world.tenant) as work:
            instance = self.at(work)
            step = access.step_of(instance, name)
            if self.dice.random() < 0.3:
                submitting.discard_draft(work, instance, step)
            else:
                submitting.save_draft(work, instance, step, GIVEN[name])

    def review(self) -> None:
        with unit_of_work(self.staff()) as work:
            instance = self.at(work)
            step = access.step_of(instance, "identity")
            if self.dice.random() < 0.7:
                reviewing.approve(work, instance, step)
            else:
                reviewing.return_for_resubmission(work, instance, step, message="Please look again")

    def reopen(self) -> None:
        with unit_of_work(self.staff()) as work:
            instance = self.at(work)
            reopening.reopen_step(work, instance, access.step_of(instance, "identity"), "It has run out")

    def end(self) -> None:
        with unit_of_work(self.staff()) as work:
            instance = self.at(work)
            if self.dice.random() < 0.3:
                closing.cancel_request(work, instance, "Moved away")
            else:
                closing.conclude(work, instance, "complete", "Well done")

    def revive(self) -> None:
        with unit_of_work(self.world.admin) as work:
            reopening.revive(work, self.at(work), "A mistake")

    def say(self) -> None:
        with unit_of_work(self.dice.choice([self.world.tenant, self.world.agent])) as work:
            said = conversing.note if work.actor.is_staff and self.dice.random() < 0.4 else conversing.send
            said(work, self.at(work), "Hello")

    def read(self) -> None:
        with unit_of_work(self.dice.choice([self.world.tenant, self.world.agent, self.world.admin])) as work:
            conversing.mark_read(work, self.at(work), self.dice.randint(1, 4))

    def rate(self) -> None:
        with unit_of_work(self.world.tenant) as work:
            rating.rate(work, self.at(work), self.dice.randint(1, 5))

    def assign(self) -> None:
        with unit_of_work(self.world.admin) as work:
            assigning.take(work, self.at(work))

    def due(self) -> None:
        with unit_of_work(self.staff()) as work:
            closing.change_due(work, self.at(work), work.now + timedelta(hours=self.dice.randint(1, 90)), "Asked for")

    def raise_case(self) -> None:
        self.desk.raise_case()

    def make_task(self) -> None:
        parent = self.desk.ref if self.desk.ref.startswith("CA") and self.dice.random() < 0.5 else ""
        hidden = self.dice.random() < 0.5
        asked = {"flow": "department-request", "customer": self.world.household, "fields": {"details": "Again"}}
        self.desk.make_task(parent=parent, is_internal=hidden, **asked)

    def move_case(self) -> None:
        who = self.dice.choice(["gus", "rob", "lea", "ada", "priya"])
        names = sorted(self.desk.actions(who) - {"forward"})
        self.desk.act(who, self.dice.choice(names or ["doing"]), "Because")

    def comment(self) -> None:
        self.desk.comment(self.dice.choice(["gus", "priya", "lea"]), "Look", self.dice.random() < 0.3)

    def forward(self) -> None:
        self.desk.forward("ada", self.dice.choice(["repairs", "lettings"]), None, "Yours")

    def see(self) -> None:
        with unit_of_work(self.dice.choice([self.world.buyer, self.world.tenant])) as work:
            seen = Notice.user_id == work.actor.user_id
            noticing.see(work, [one.uid for one in work.session.query(Notice).where(seen).limit(2)])

    def jump(self) -> None:
        clock.move(timedelta(hours=self.dice.choice([1, 9, 30, 80, 190])))

    def account(self) -> None:
        with unit_of_work(self.world.admin) as work:
            which = self.dice.choice([self.world.acme, self.world.household])
            organisations.turn(work, which, self.dice.random() < 0.7)

    def member(self) -> None:
        """Carl leaves his company, or joins it again."""
        with unit_of_work(self.world.admin) as work:
            company = work.session.query(Organisation).filter_by(uid=self.world.brightpath).one()
            try:
                people.remove_member(work, company, "usr_carl")
            except BatonError:
                carl = self.world.colleague.user_id
                work.session.add(
                    Membership(user_id=carl, organisation_id=company.id, role="member", created_at=work.now)
                )

    def department(self) -> None:
        with unit_of_work(self.world.admin) as work:
            departments.put_member(work, "dep_lettings", "gus@example.com", self.dice.random() < 0.5)


def step_of(copy: Copy) -> None:
    """Bring it up to date; whose rights changed starts over, as the answer says."""
    answer = copy.phone.get(f"/sync?cursor={copy.cursor}") if copy.cursor else None
    if answer is not None and answer.status_code == 410:
        copy.start_over()
    copy.sync()


@pytest.mark.requirement("D5")
@pytest.mark.parametrize("seed", [8])
def test_a_copy_is_what_a_new_phone_gets(
    world: World,
    play: Play,
    desk: Desk,
    signed_in: Callable[[Actor], Phone],
    seed: int,
    move_clock: Callable[..., datetime],
) -> None:
    everything = Everything(world, play, desk, seed)
    customers = ("buyer", "colleague", "acme_owner", "stranger", "tenant")
    actors = {name: getattr(world, name) for name in (*customers, "reader")}
    actors |= {name: desk.people[name] for name in ("gus", "ada", "rob", "lea")}
    copies = {name: Copy(signed_in(one), limit=7 if name in IN_SMALL_PAGES else 200) for name, one in actors.items()}
    log: list[str] = []
    for act in (everything.begin, everything.begin, everything.raise_case):
        act()
    for number in range(STEPS):
        log.append(everything.step())
        last = number == STEPS - 1
        if number % 5 and not last:
            continue  # some changes are told of together
        for name in copies if last else everything.dice.sample(sorted(copies), 2):
            step_of(copies[name])
            wrong = differences(copies[name].kept, fresh(copies[name].phone))
            assert wrong == [], f"{name} after step {number} of seed {seed}: {log[-3:]}"
    assert len(everything.done) >= 12, "the walk went nowhere"


def differences(kept: dict[Any, Any], there: dict[Any, Any]) -> list[Any]:
    both = ((one, kept.get(one), there.get(one)) for one in kept.keys() | there.keys())
    return [found for found in both if found[1] != found[2]]
