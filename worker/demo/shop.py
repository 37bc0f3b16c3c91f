"""The reseller's last fortnight: a dozen orders in every state that an order can be in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from flows import access
from flows.actions import noticing, ordering, submitting
from flows.actions.ordering import Item
from flows.models import Instance, Order, OrderLine
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from worker.demo.playing import Player, Scene
from worker.demo.provisioner import reference_of


@dataclass
class Shop:
    """Orders by the name that the story gives them; each method is one scene."""

    player: Player
    numbers: dict[str, str]

    def place(self, name: str, buyer: str, customer: str, **quantities: int) -> None:
        """`buyer` orders so many of each SKU (written with _ for -) and reads what the portal says about it."""
        actor, cast = self.player.actor(buyer), self.player.cast
        items = [Item(cast.products[sku.replace("_", "-")], quantity) for sku, quantity in quantities.items()]
        with unit_of_work(actor) as work:
            order = ordering.place(work, cast.organisations[customer], items)
            subject = order.subject
            self.numbers[name] = order.uid
        with unit_of_work(actor) as work:
            for instance_id in work.session.scalars(select(Instance.id).where(Instance.subject == subject)).all():
                noticing.see_all_of(work, instance_id)
        self.player.settle()

    def place_in_vain(self, name: str, buyer: str, customer: str, **quantities: int) -> None:
        """As `place`, on a day when the provider refuses."""
        self.player.provider_refuses = True
        self.place(name, buyer, customer, **quantities)
        self.player.provider_refuses = False

    def give_details(self, name: str, who: str, company_name: str, domain_name: str, admin_email: str) -> None:
        """`who` completes the task that the order waits for."""
        given = {"company_name": company_name, "domain_name": domain_name, "admin_email": admin_email}
        with unit_of_work(self.player.actor(who)) as work:
            order = access.order_to_read(work.actor, self.numbers[name])
            found = work.session.scalars(select(Instance.id).where(Instance.subject == order.subject)).one()
            instance = access.instance_to_change(work, found)
            submitting.submit(work, instance, access.step_of(instance, "details"), given)

    def cancel(self, name: str, who: str, text: str) -> None:
        with unit_of_work(self.player.actor(who)) as work:
            ordering.cancel(work, self.numbers[name], text)

    def confirm(self, name: str, sku: str, reference: str) -> None:
        """Sam has set a line up by hand."""
        with unit_of_work(self.player.actor("sam")) as work:
            order = access.order_to_change(work, self.numbers[name])
            ordering.confirm_line(work, order, _line(order, sku), reference)

    def call_back(self, name: str, sku: str) -> None:
        """The provider, who said that it would call back, does."""
        with unit_of_work(SYSTEM) as work:
            order = access.order_to_change(work, self.numbers[name])
            line = _line(order, sku)
            ordering.line_answered(work, line.uid, 200, {"reference": reference_of(sku, line.uid)})


def _line(order: Order, sku: str) -> OrderLine:
    return next(line for line in order.lines if line.sku == sku)


def story(player: Player) -> Iterator[Scene]:
    """Completed, expired, cancelled, waiting since 1, 4, 5 and 6 days, being set up by hand, failed."""
    shop, ago = Shop(player, {}), player.days_ago

    def place(name: str, days: int, hour: str, buyer: str, customer: str, **quantities: int) -> Scene:
        return Scene(ago(days, hour), lambda: shop.place(name, buyer, customer, **quantities))

    yield place("premium", 12, "09:40", "bea", "Harrow & Finch Solicitors", MS_365_PRE=12)

    yield place("freight", 11, "14:05", "bea", "Pennine Freight Ltd", CORO_COM=25, MS_365_STD=25)
    yield Scene(
        ago(8, "10:31"),
        lambda: shop.give_details(
            "freight", "bea", "Pennine Freight Ltd", "penninefreight.example", "it@penninefreight.example"
        ),
    )

    yield place("brewery", 10, "10:20", "tom", "Kestrel Brewing Co", CORO_ESS=8, MS_365_BAS=8)  # nobody answers

    yield place("lumen", 9, "16:30", "bea", "Lumen Architects", CORO_CLA=6, MS_EXO_1=6)
    yield Scene(
        ago(9, "16:52"),
        lambda: shop.give_details(
            "lumen", "tom", "Lumen Architects LLP", "lumen-architects.example", "studio@lumen-architects.example"
        ),
    )

    yield place("school", 8, "11:15", "bea", "Oakmere Primary Trust", CORO_ESS=40)
    yield Scene(ago(7, "15:40"), lambda: shop.cancel("school", "bea", "The trust has decided to wait until the summer"))

    yield place("solicitors", 7, "08:50", "ellen", "Harrow & Finch Solicitors", CORO_ESS=12)
    yield Scene(
        ago(6, "12:10"),
        lambda: shop.give_details(
            "solicitors", "ellen", "Harrow & Finch Solicitors", "harrowfinch.example", "ellen@harrowfinch.example"
        ),
    )

    yield place("dentist", 6, "09:55", "bea", "Calder Valley Dental", CORO_ESS=10, MS_365_PRE=10)
    yield place("rival", 5, "12:00", "rosa", "Malvern Glassworks", CORO_ESS=5)

    yield place("vets", 5, "15:10", "bea", "Ashdown Veterinary Group", MS_365_STD=18, BP_BACKUP=6, BP_WORKSHOP=1)
    yield Scene(ago(4, "11:25"), lambda: shop.confirm("vets", "BP-BACKUP", "Backup vault LS6-0418"))

    yield place("seafood", 4, "10:05", "tom", "Tidewater Seafoods", CORO_COM=15)

    yield place("entra", 3, "13:40", "bea", "Pennine Freight Ltd", MS_ENTRA_P1=25)
    yield Scene(ago(3, "13:52"), lambda: shop.call_back("entra", "MS-ENTRA-P1"))

    yield Scene(ago(2, "11:25"), lambda: shop.place_in_vain("failed", "bea", "Harrow & Finch Solicitors", MS_365_STD=3))

    yield place("brewery again", 1, "09:30", "bea", "Kestrel Brewing Co", CORO_CLA=9, MS_EXO_1=9)
    yield Scene(
        player.today - timedelta(minutes=95), lambda: shop.place("by hand", "bea", "Lumen Architects", BP_BACKUP=14)
    )
