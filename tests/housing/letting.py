"""A letting for tests: its flows served, agreements imported, instances begun, in few words."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from flows import access, catalogue
from flows.actions import linking, starting
from flows.actions.agreements import import_agreements
from flows.models import Agreement, Instance, Organisation, User
from flows.rules.actors import SYSTEM, Actor
from flows.rules.agreements import AgreementLine
from flows.work import end_reading, unit_of_work
from tests import served
from tests.world import World

FOLDER = Path(__file__).parent
SHIPPED = ("coro", "shop", "department_request", "tenant_onboarding")


def serve(app: Flask) -> None:
    """Serve our flows and lookups besides the shipped ones; every application begins anew."""
    packages = [(name, f"flows.plugins.{name}") for name in SHIPPED]
    served.serve([*packages, ("tests", "tests.housing.plugin")], FOLDER / "flows")


def line(number: str = "AG-1", **more: object) -> AgreementLine:
    given: dict[str, object] = {
        "tenant_name": "Priya Shah",
        "address": "12 Mill Lane, Leeds",
        "tenant_email": "priya@example.com",
        "rent_minor": 85_000,
        "currency": "GBP",
        "starts_on": date(2026, 12, 1),
        "ends_on": None,
        **more,
    }
    return AgreementLine(number, **given)  # type: ignore[arg-type]  # plain words for tests


def agreements(*lines: AgreementLine) -> dict[str, str]:
    """Import these (or AG-1 and AG-2); their opaque ids by number."""
    with unit_of_work(SYSTEM) as work:
        import_agreements(work, lines or (line(), line("AG-2", tenant_name="Olu Adeyemi", address="31 Beck Street")))
        return {row.number: row.uid for row in work.session.scalars(select(Agreement))}


def begin(world: World, flow: str = "letting", source: str = "onboarding") -> str:
    """Begin a flow for Priya; its reference."""
    with unit_of_work(world.agent) as work:
        household = work.session.scalars(select(Organisation).where(Organisation.uid == world.household)).one()
        priya = work.session.get_one(User, world.user_ids["tenant"])
        loaded = catalogue.current().flows[flow]
        instance = starting.start(work, loaded, source=source, for_whom=household)
        instance.customer_id = priya.id
        work.session.flush()
        return instance.reference


def link(actor: Actor, ref: str, value: str, name: str = "agreement") -> None:
    with unit_of_work(actor) as work:
        linking.link(work, access.instance_to_change(work, ref), name, value)


def unlink(actor: Actor, ref: str, reason: str = "The wrong one", name: str = "agreement") -> None:
    with unit_of_work(actor) as work:
        linking.unlink(work, access.instance_to_change(work, ref), name, reason)


def now(ref: str) -> Instance:
    """The instance as it stands in the database."""
    end_reading()
    return access.instance_to_read(SYSTEM, ref)


def states(ref: str) -> dict[str, str]:
    return {step.name: step.state for step in now(ref).steps}
