"""The landlord's last weeks: repairs that tenants reported, in every stage from just sent to repaired and rated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from flows import access
from flows.actions import beginning, rating, reviewing, submitting
from flows.clock import clock
from flows.models import Instance, Step
from flows.work import Work, unit_of_work
from worker.demo.playing import Player, Scene

FLOW = "report-a-repair"
REPORTS: Mapping[str, Mapping[str, object]] = {
    "olu": {
        "what": "heating",
        "where": "Boiler in the kitchen",
        "details": "No hot water since Sunday; it shows E119.",
    },
    "amina": {"what": "doors", "where": "Bedroom window", "details": "The handle came off, so it does not close."},
    "chen": {"what": "other", "where": "Television", "details": "The picture is grey since the storm."},
    "gareth": {
        "what": "water",
        "where": "Bathroom, under the basin",
        "details": "It drips all day.",
        "water_off": True,
    },
    "margaret": {"what": "electric", "where": "Hall", "details": "The light flickers, and sometimes the fuse goes."},
    "liam": {"what": "doors", "where": "Front door", "details": "The lock sticks; I need two hands to open it."},
}
HOMES = {
    "olu": "Olu Adeyemi", "amina": "Amina Yusuf", "chen": "Chen Wei", "gareth": "Gareth Price",
    "margaret": "Margaret Ellis", "liam": "Liam Doyle",
}  # fmt: skip
VISIT = {"ours": True, "visit": True, "note": ""}
FIXED = {"fixed": "yes"}
PART = {**VISIT, "part": "A consumer unit, 12 ways", "note": "Switch off at the meter before you begin"}


@dataclass
class Repairs:
    """Requests by their tenant; each method is one scene."""

    player: Player
    references: dict[str, str]

    def report(self, tenant: str) -> None:
        with unit_of_work(self.player.actor(tenant)) as work:
            home = self.player.cast.organisations[HOMES[tenant]]
            self.references[tenant] = beginning.start_by_customer(work, FLOW, home, REPORTS[tenant]).uid
        self.player.settle()

    def answer(self, who: str, tenant: str, step: str, given: Mapping[str, object]) -> None:
        self._do(who, tenant, step, lambda work, instance, found: submitting.submit(work, instance, found, given))

    def confirm(self, who: str, tenant: str) -> None:
        self._do(who, tenant, "time", reviewing.approve)

    def repair(self, tenant: str, words: str) -> None:
        given = {"done_on": clock.now().date().isoformat(), "work": words}
        self.answer("joe", tenant, "repair", given)

    def rate(self, tenant: str, score: int, comment: str) -> None:
        with unit_of_work(self.player.actor(tenant)) as work:
            rating.rate(work, access.instance_to_change(work, self.references[tenant]), score, comment)

    def _do(self, who: str, tenant: str, step: str, act: Callable[[Work, Instance, Step], object]) -> None:
        with unit_of_work(self.player.actor(who)) as work:
            instance = access.instance_to_change(work, self.references[tenant])
            act(work, instance, access.step_of(instance, step))
        self.player.settle()


def story(player: Player) -> Iterator[Scene]:
    """Repaired and rated twice, not ours, waiting for the time to be confirmed, for a part, and just reported."""
    repairs, ago = Repairs(player, {}), player.days_ago
    answer = repairs.answer
    yield Scene(ago(19, "07:40"), partial(repairs.report, "olu"))
    yield Scene(ago(19, "09:30"), partial(answer, "joe", "olu", "look", {**VISIT, "note": "Bring a fan for an E119"}))
    yield Scene(
        ago(19, "12:15"), partial(answer, "olu", "olu", "time", {"slot": "wednesday_am", "phone": "07700 900117"})
    )
    yield Scene(ago(18, "08:45"), partial(repairs.confirm, "joe", "olu"))
    yield Scene(ago(17, "11:20"), partial(repairs.repair, "olu", "Changed the fan, bled the radiators"))
    yield Scene(ago(17, "18:05"), partial(answer, "olu", "olu", "check", FIXED))
    yield Scene(
        ago(17, "18:07"), partial(repairs.rate, "olu", 5, "Joe rang before he came, and it was done in an hour.")
    )

    yield Scene(ago(13, "16:10"), partial(repairs.report, "amina"))
    yield Scene(ago(12, "10:00"), partial(answer, "joe", "amina", "look", {"ours": True, "visit": False, "note": ""}))
    yield Scene(ago(8, "15:30"), partial(repairs.repair, "amina", "New handle fitted from outside"))
    yield Scene(ago(7, "19:45"), partial(answer, "amina", "amina", "check", FIXED))
    yield Scene(ago(7, "19:46"), partial(repairs.rate, "amina", 4, ""))

    yield Scene(ago(10, "20:30"), partial(repairs.report, "chen"))
    yield Scene(ago(9, "09:10"), partial(answer, "hana", "chen", "look", {"ours": False}))

    yield Scene(ago(4, "06:55"), partial(repairs.report, "gareth"))
    yield Scene(ago(4, "09:05"), partial(answer, "joe", "gareth", "look", VISIT))
    yield Scene(
        ago(3, "20:40"), partial(answer, "gareth", "gareth", "time", {"slot": "friday_am", "phone": "0113 496 0188"})
    )

    yield Scene(ago(2, "11:25"), partial(repairs.report, "margaret"))
    yield Scene(ago(1, "09:50"), partial(answer, "joe", "margaret", "look", PART))

    yield Scene(ago(1, "19:30"), partial(repairs.report, "liam"))
