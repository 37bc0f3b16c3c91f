"""The landlord's last weeks: tenants who move in, each somewhere else on the way, from late to settled and content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import select

from flows import access, lookups
from flows.actions import (
    assigning,
    attaching,
    closing,
    collecting,
    linking,
    noticing,
    onboarding,
    rating,
    receiving,
    reviewing,
    submitting,
)
from flows.actions.beginning import Wish
from flows.actions.receiving import Sent
from flows.clock import clock
from flows.lookups import Place
from flows.models import Agreement, Instance, Step
from flows.work import Work, unit_of_work
from worker.demo.people import HOUSEHOLDS
from worker.demo.playing import ZONE, Player, Scene

FLOW = "tenant-onboarding"
PASSPORT = Path(__file__).with_name("passport.jpg")
COUPLE = {"people": 2, "income": "3,150.00", "has_pets": False}


@dataclass
class MovingIn:
    """Requests by their tenant; each method is one scene."""

    player: Player
    references: dict[str, str] = field(default_factory=dict)

    def invite(self, tenant: str, rent: str, deposit: int, by: str = "") -> None:
        """Sam invites somebody who has an account already, so the request begins at once; `by` takes it on."""
        person = self.player.actor(tenant)
        message = f"Dear {person.name.split()[0]}, we look forward to welcoming you. Ring me if anything is unclear."
        wish = Wish(inputs={"rent": rent}, amounts={"deposit": deposit}, message=message)
        given = {"name": person.name, "email": person.email, "address": HOUSEHOLDS[person.name]}
        with unit_of_work(self.player.actor("sam")) as work:
            begun = onboarding.invite_tenant(work, given, FLOW, wish)
            assert isinstance(begun, Instance), f"{person.name} has an account, so nobody waits for an invitation"
            self.references[tenant] = begun.uid
        if by:
            with unit_of_work(self.player.actor(by)) as work:
                assigning.take(work, access.instance_to_change(work, self.references[tenant]))
        self.player.settle()

    def say_who(self, tenant: str, legal_name: str, born: str) -> None:
        """The first step, with a picture of a passport that is sent and looked at before."""
        actor = self.player.actor(tenant)
        with PASSPORT.open("rb") as picture:
            received = receiving.receive(actor, Sent("passport", f"passport-{tenant}.jpg", picture))
        with unit_of_work(actor) as work:
            passport = attaching.take(work, received).uid
        self.player.settle()
        given = {"legal_name": legal_name, "born": born, "passport": [passport], "right_to_rent": "y"}
        self.answer(tenant, tenant, "identity", given)

    def answer(self, who: str, tenant: str, step: str, given: Mapping[str, object]) -> None:
        self._do(who, tenant, step, lambda work, instance, found: submitting.submit(work, instance, found, given))

    def draft(self, tenant: str, step: str, given: Mapping[str, object]) -> None:
        """A tenant types something and comes back later."""
        self._do(
            tenant, tenant, step, lambda work, instance, found: submitting.save_draft(work, instance, found, given)
        )

    def approve(self, who: str, tenant: str, step: str) -> None:
        self._do(who, tenant, step, reviewing.approve)

    def send_back(self, who: str, tenant: str, message: str, **remarks: str) -> None:
        send_back = partial(reviewing.return_for_resubmission, message=message, remarks=remarks)
        self._do(who, tenant, "identity", send_back)

    def read(self, who: str, tenant: str) -> None:
        """Somebody has looked at it, so nothing of it is news to them."""
        with unit_of_work(self.player.actor(who)) as work:
            noticing.see_all_of(work, access.instance_to_read(work.actor, self.references[tenant]).id)

    def transfer(self, tenant: str, reference: str) -> None:
        """Hana sees the deposit on the bank statement."""
        today = clock.now().astimezone(ZONE).date()
        self._do("hana", tenant, "deposit", partial(_confirm, reference=reference, on=today))

    def agree(self, tenant: str, number: str) -> None:
        """Sam sets the day, three days ahead, and links the agreement."""
        day = clock.now().astimezone(ZONE).date() + timedelta(days=3)
        self.answer("sam", tenant, "agreement", {"move_in": day.isoformat()})
        with unit_of_work(self.player.actor("sam")) as work:
            agreement = work.session.scalars(select(Agreement.uid).where(Agreement.number == number)).one()
            linking.link(work, access.instance_to_change(work, self.references[tenant]), "agreement", agreement)
        self.player.settle()

    def pick_keys(self, tenant: str) -> None:
        """The first time that is offered."""

        def pick(work: Work, instance: Instance, step: Step) -> None:
            slots = lookups.search(work.session, Place(work.now, instance.time_zone), "housing.key_slots").options
            submitting.submit(work, instance, step, {"slot": slots[0].value})

        self._do(tenant, tenant, "keys", pick)

    def conclude(self, who: str, tenant: str, message: str) -> None:
        with unit_of_work(self.player.actor(who)) as work:
            closing.conclude(work, access.instance_to_change(work, self.references[tenant]), "complete", message)
        self.player.settle()

    def rate(self, tenant: str, score: int, comment: str) -> None:
        with unit_of_work(self.player.actor(tenant)) as work:
            rating.rate(work, access.instance_to_change(work, self.references[tenant]), score, comment)
        self.read(tenant, tenant)
        self.read("sam", tenant)

    def _do(self, who: str, tenant: str, step: str, act: Callable[[Work, Instance, Step], object]) -> None:
        with unit_of_work(self.player.actor(who)) as work:
            instance = access.instance_to_change(work, self.references[tenant])
            act(work, instance, access.step_of(instance, step))
        self.player.settle()


def _confirm(work: Work, instance: Instance, step: Step, reference: str, on: date) -> None:
    collecting.confirm_by_staff(work, instance, step, reference, on)


def story(player: Player) -> Iterator[Scene]:
    """Settled and rated, overdue, waiting for Priya's deposit, waiting for a review of a passport."""
    moving, ago = MovingIn(player), player.days_ago
    yield Scene(ago(29, "10:20"), partial(moving.invite, "olu", "910", 105_000, by="sam"))
    yield Scene(ago(28, "19:05"), partial(moving.say_who, "olu", "Oluwaseun Adeyemi", "1988-02-11"))
    yield Scene(ago(28, "19:09"), partial(moving.answer, "olu", "olu", "household", COUPLE))
    yield Scene(ago(27, "09:40"), partial(moving.approve, "maya", "olu", "identity"))
    yield Scene(ago(25, "11:30"), partial(moving.transfer, "olu", "ADEYEMI O DEPOSIT"))
    yield Scene(ago(24, "14:15"), partial(moving.agree, "olu", "NH-2026-1104"))
    yield Scene(ago(24, "20:10"), partial(moving.pick_keys, "olu"))
    welcome = "Welcome home, Olu. The boiler's manual is in the kitchen drawer; ring me if the shower sticks."
    yield Scene(ago(21, "12:25"), partial(moving.conclude, "sam", "olu", welcome))
    yield Scene(
        ago(21, "18:50"), partial(moving.rate, "olu", 5, "Every step was clear, and Sam answered within the hour.")
    )

    yield Scene(ago(20, "15:00"), partial(moving.invite, "daniel", "640", 73_800, by="sam"))
    yield Scene(ago(18, "21:35"), partial(moving.answer, "daniel", "daniel", "household", {**COUPLE, "people": 1}))
    yield Scene(ago(18, "21:38"), partial(moving.draft, "daniel", "identity", {"legal_name": "Daniel Osei"}))

    yield Scene(ago(6, "09:55"), partial(moving.invite, "priya", "925", 106_700, by="sam"))
    yield Scene(ago(5, "18:20"), partial(moving.say_who, "priya", "P Shah", "1991-09-23"))
    as_in_passport = "Please give your name as it stands in your passport, then we can go on."
    yield Scene(
        ago(4, "10:10"), partial(moving.send_back, "sam", "priya", as_in_passport, legal_name="Your first name in full")
    )
    yield Scene(ago(4, "17:45"), partial(moving.say_who, "priya", "Priya Shah", "1991-09-23"))
    yield Scene(ago(4, "17:52"), partial(moving.answer, "priya", "priya", "household", COUPLE))
    yield Scene(ago(3, "09:15"), partial(moving.approve, "sam", "priya", "identity"))
    yield Scene(ago(3, "09:30"), partial(moving.read, "priya", "priya"))

    yield Scene(ago(2, "16:20"), partial(moving.invite, "tomasz", "675", 77_900))
    yield Scene(ago(1, "20:40"), partial(moving.say_who, "tomasz", "Tomasz Wrona", "1994-06-30"))
