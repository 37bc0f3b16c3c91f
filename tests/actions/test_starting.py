"""What starts, and what a flow says and does at its start."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from flows import access, catalogue
from flows.actions import closing, starting
from flows.catalogue.loader import load_packages
from flows.models import Effect, Instance, Message, Notice, Organisation, User
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from tests.world import World

FLOW = """
flow: {name}
schema: 1
title: A test
start: {start}
steps:
  one: {{title: One, actor: customer, fields: {{answer: {{type: text, label: Answer}}}}}}
{more}
"""
BY_STAFF = "{staff: true}"


def serve(folder: Path, name: str = "a-test", start: str = BY_STAFF, more: str = "") -> None:
    """Serve one more flow from a folder besides the shipped ones."""
    (folder / f"{name}.flow.yaml").write_text(FLOW.format(name=name, start=start, more=more))
    shipped = [(plugin, f"flows.plugins.{plugin}") for plugin in ("coro", "shop")]
    catalogue.use(load_packages(shipped, [folder]))
    assert catalogue.current().broken == []


def start(world: World, name: str = "a-test") -> None:
    with unit_of_work(world.agent) as work:
        household = work.session.scalars(select(Organisation).where(Organisation.uid == world.household)).one()
        starting.start(work, catalogue.current().flows[name], source="staff", for_whom=household)


def count() -> int:
    return access.read_as(SYSTEM).scalar(select(func.count()).select_from(Instance)) or 0


def test_a_plain_flow_of_a_folder_starts(world: World, tmp_path: Path) -> None:
    serve(tmp_path)
    start(world)
    assert count() == 1


def test_effects_of_the_start_may_name_the_instance(world: World, tmp_path: Path) -> None:
    serve(tmp_path, more="effects: {created: [{notice: 'See ${{ instance.ref }}'}]}")
    start(world)
    reference = access.read_as(SYSTEM).scalars(select(Instance)).one().reference
    at_top = access.read_as(SYSTEM).scalars(select(Notice.text).where(Notice.at_top)).all()
    assert {*at_top} == {f"See {reference}"}


@pytest.mark.requirement("C3")
def test_a_flow_may_say_something_in_its_conversation(world: World, tmp_path: Path) -> None:
    serve(tmp_path, more="effects: {created: [{message: 'Welcome, this is ${{ instance.ref }}'}]}")
    start(world)
    said = access.read_as(SYSTEM).scalars(select(Message)).one()
    reference = access.read_as(SYSTEM).scalars(select(Instance)).one().reference
    assert (said.text, said.seq, said.author_kind) == (f"Welcome, this is {reference}", 1, "system")


@pytest.mark.requirement("X23")
def test_a_flow_speaks_in_a_conversation_in_the_language_of_its_customer(world: World, tmp_path: Path) -> None:
    (tmp_path / "locales").mkdir()
    locale = tmp_path / "locales" / "a-test.cy.yaml"
    locale.write_text("effects: {created: {0: {message: 'Croeso, dyma ${{ instance.ref }}'}}}")
    serve(tmp_path, more="effects: {created: [{message: 'Welcome, this is ${{ instance.ref }}'}]}")
    for language, text in (("cy", "Croeso, dyma TI-2001"), ("", "Welcome, this is TI-2002")):
        with unit_of_work(world.agent) as work:  # whoever starts it reads English
            tenant = work.session.get_one(User, world.tenant.user_id)
            tenant.language = language
            starting.start(work, catalogue.current().flows["a-test"], source="staff", for_whom=tenant)
        said = access.read_as(SYSTEM).scalars(select(Message.text).order_by(Message.id.desc())).first()
        assert said == text


@pytest.mark.requirement("C54")
def test_what_a_flow_says_after_the_end_is_an_incident(world: World, tmp_path: Path) -> None:
    serve(tmp_path, more="effects: {cancelled: [{message: Too late}]}")
    start(world)
    with unit_of_work(world.admin) as work:
        closing.cancel_request(work, access.instance_to_change(work, "TI-2001"), "Over")
    assert access.read_as(SYSTEM).scalars(select(Message)).all() == []
    [owed] = access.read_as(SYSTEM).scalars(select(Effect).where(Effect.state == "incident"))
    assert "the conversation is closed by then" in owed.last_fault
