"""The landlord's last weeks: tenants who confirm their contact details, in every stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from flows import access, catalogue
from flows.actions import closing, starting, submitting, versions
from flows.models import User
from flows.work import unit_of_work
from worker.demo.playing import Player, Scene

FLOW = "confirm-contact-details"
CONTACT = {
    "gareth": {
        "phone": "0113 496 0188",
        "preferred_contact": "email",
        "emergency_name": "Sian Price",
        "emergency_phone": "029 2018 0431",
    },
    "amina": {
        "phone": "07700 900361",
        "preferred_contact": "text",
        "emergency_name": "Hodan Yusuf",
        "emergency_phone": "07700 900418",
    },
    "chen": {
        "phone": "0113 496 0742",
        "preferred_contact": "phone",
        "best_time": "evening",
        "emergency_name": "Lin Wei",
        "emergency_phone": "0161 496 0233",
    },
}
HOME = {"amina": {"moved_in": "2023-04-15", "pets": False}, "chen": {"moved_in": "2021-09-01", "pets": True}}
DRAFT = {"phone": "07700 900522", "preferred_contact": "text"}


@dataclass
class Housing:
    """Tasks by their tenant; each method is one scene."""

    player: Player
    references: dict[str, str]

    def ask(self, tenant: str, source: str = "staff") -> None:
        """Sam asks a tenant for their details."""
        sam = self.player.actor("sam")
        with unit_of_work(sam) as work:
            person = work.session.get_one(User, self.player.actor(tenant).user_id)
            agent = work.session.get_one(User, sam.user_id)
            loaded = catalogue.current().flows[FLOW]
            instance = starting.start(work, loaded, source=source, for_whom=person, assignee=agent)
            self.references[tenant] = instance.uid
        self.player.settle()

    def answer(self, tenant: str, step: str, given: Mapping[str, object]) -> None:
        with unit_of_work(self.player.actor(tenant)) as work:
            instance = access.instance_to_change(work, self.references[tenant])
            submitting.submit(work, instance, access.step_of(instance, step), given)

    def begin(self, tenant: str, given: Mapping[str, object]) -> None:
        """A tenant types something and comes back later."""
        with unit_of_work(self.player.actor(tenant)) as work:
            instance = access.instance_to_change(work, self.references[tenant])
            submitting.save_draft(work, instance, access.step_of(instance, "contact"), given)

    def cancel(self, tenant: str, reason: str) -> None:
        with unit_of_work(self.player.actor("sam")) as work:
            instance = access.instance_to_change(work, self.references[tenant])
            closing.cancel(work, instance, versions.definition_of(work.session, instance), reason)


def story(player: Player) -> Iterator[Scene]:
    """Overdue, completed twice, cancelled, half done, waiting for Priya, begun by a newcomer."""
    housing, ago = Housing(player, {}), player.days_ago
    yield Scene(ago(22, "10:15"), partial(housing.ask, "liam"))

    yield Scene(ago(9, "11:00"), partial(housing.ask, "amina"))
    yield Scene(ago(7, "18:22"), partial(housing.answer, "amina", "contact", CONTACT["amina"]))
    yield Scene(ago(7, "18:25"), partial(housing.answer, "amina", "home", HOME["amina"]))

    yield Scene(ago(8, "09:20"), partial(housing.ask, "margaret"))
    yield Scene(ago(6, "14:35"), partial(housing.cancel, "margaret", "Margaret gave her details over the phone"))

    yield Scene(ago(6, "10:40"), partial(housing.ask, "chen"))
    yield Scene(ago(5, "20:05"), partial(housing.answer, "chen", "contact", CONTACT["chen"]))
    yield Scene(ago(3, "07:50"), partial(housing.answer, "chen", "home", HOME["chen"]))

    yield Scene(ago(5, "13:30"), partial(housing.ask, "gareth"))
    yield Scene(ago(4, "19:10"), partial(housing.answer, "gareth", "contact", CONTACT["gareth"]))

    yield Scene(ago(3, "10:05"), partial(housing.ask, "priya"))
    yield Scene(ago(1, "15:45"), partial(housing.ask, "tomasz", source="onboarding"))
    yield Scene(ago(1, "21:12"), partial(housing.begin, "tomasz", DRAFT))
