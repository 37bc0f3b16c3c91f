"""How a guided request begins: by staff, by the customer, with an invitation (C23 to C28)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from flows import access
from flows.actions import accounts, beginning, onboarding
from flows.actions.accounts import Device
from flows.actions.beginning import Wish
from flows.models import Effect, FlowSwitch, Instance, Invitation
from flows.rules.actors import SYSTEM
from flows.rules.errors import Invalid, OutOfStep, Refused
from flows.work import end_reading, unit_of_work
from tests.guided.conftest import Play
from tests.world import World

TENANT = {"name": "Nia Newcomer", "email": "nia@example.com", "address": "9 Beck Street, Leeds"}
RENT = {"rent": "1,000.00"}


def instances() -> list[Instance]:
    end_reading()
    return list(access.read_as(SYSTEM).scalars(select(Instance).order_by(Instance.id)))


@pytest.mark.requirement("C1", "C10", "C24", "C25", "C26", "C28", "Q26")
def test_staff_start_a_flow_for_a_tenant(play: Play) -> None:
    instance = play.start(assignee="usr_ada", message="Welcome, Priya")
    assert (instance.source, instance.customer_name, instance.customer_address) == (
        "staff", "Priya Shah", "12 Mill Lane, Leeds LS1 4AB",
    )  # fmt: skip
    assert instance.customer_id == play.world.user_ids["tenant"]
    assert instance.assignee_id == play.world.user_ids["admin"]
    assert instance.inputs["rent"] == 100_000
    assert play.facts("instance_started")["message"] == "Welcome, Priya"
    assert play.start(inputs=RENT).assignee_id is None


@pytest.mark.requirement("C28")
def test_everything_that_is_wrong_is_told_at_once(world: World) -> None:
    wish = Wish(assignee="usr_priya", inputs={"rent": "much"}, amounts={"deposit": 5})
    with pytest.raises(Invalid) as wrong, unit_of_work(world.agent) as work:
        beginning.start_by_staff(work, "move-in", "cus_nobody", wish)
    pointers = {problem.pointer for problem in wrong.value.problems}
    assert pointers == {"/inputs/rent", "/amounts/deposit", "/customer", "/assignee"}
    assert instances() == []


@pytest.mark.requirement("C24")
def test_only_active_assignable_flows(world: World) -> None:
    with pytest.raises(OutOfStep, match="not started in this way"), unit_of_work(world.agent) as work:
        beginning.start_by_staff(work, "coro-order-fulfilment", "usr_priya")
    with pytest.raises(Invalid, match="from the list"), unit_of_work(world.agent) as work:
        beginning.start_by_staff(work, "nothing", "usr_priya")
    with unit_of_work(SYSTEM) as work:
        work.session.add(FlowSwitch(flow="move-in", is_active=True, is_assignable=False, is_requestable=True))
    with pytest.raises(OutOfStep, match="switched off"), unit_of_work(world.agent) as work:
        beginning.start_by_staff(work, "move-in", "usr_priya", Wish(inputs=RENT))
    with pytest.raises(Refused), unit_of_work(world.reader) as work:
        beginning.start_by_staff(work, "move-in", "usr_priya", Wish(inputs=RENT))


@pytest.mark.requirement("C10")
def test_a_customer_starts_one_for_themselves_and_for_nobody_else(world: World) -> None:
    with unit_of_work(world.tenant) as work:
        beginning.start_by_customer(work, "move-in", world.household, {"wish": "A garden"})
    (instance,) = instances()
    assert (instance.source, instance.inputs, instance.customer_id) == (
        "customer", {"wish": "A garden"}, world.user_ids["tenant"],
    )  # fmt: skip
    with pytest.raises(Invalid, match="for whom"), unit_of_work(world.tenant) as work:
        beginning.start_by_customer(work, "move-in", world.acme, {})
    with pytest.raises(Invalid, match="no question"), unit_of_work(world.tenant) as work:
        beginning.start_by_customer(work, "move-in", world.household, {"rent": 1})


@pytest.mark.requirement("C10", "X27")
def test_an_invitation_starts_the_flow_when_it_is_accepted(world: World) -> None:
    with unit_of_work(world.agent) as work:
        onboarding.invite_tenant(work, TENANT, "move-in", Wish(inputs=RENT, assignee="usr_gus"))
    assert instances() == []
    end_reading()
    mail = access.read_as(SYSTEM).scalars(select(Effect).where(Effect.kind == "email")).one()
    token = mail.payload["scope"]["url"].rpartition("/")[2]
    with unit_of_work(accounts.NOBODY) as work:
        accounts.accept_invitation(work, token, Device(address="127.0.0.1"), name="Nia Newcomer")
    (instance,) = instances()
    assert (instance.source, instance.customer_name, instance.inputs) == (
        "onboarding", "Nia Newcomer", {"rent": 100_000, "wish": None},
    )  # fmt: skip
    assert (instance.creator_id, instance.assignee_id) == (world.user_ids["agent"], world.user_ids["agent"])


def test_what_an_invitation_needs(world: World) -> None:
    with pytest.raises(Invalid) as wrong, unit_of_work(world.agent) as work:
        onboarding.invite_tenant(work, {"name": "", "email": "x", "address": ""}, "move-in", Wish())
    assert {one.pointer for one in wrong.value.problems} == {"/name", "/address", "/email", "/inputs/rent"}
    with pytest.raises(Refused), unit_of_work(world.reader) as work:
        onboarding.invite_tenant(work, TENANT, "move-in", Wish(inputs=RENT))


def test_somebody_with_an_account_gets_the_flow_at_once(world: World) -> None:
    with unit_of_work(world.agent) as work:
        onboarding.invite_tenant(work, {**TENANT, "email": "priya@example.com"}, "move-in", Wish(inputs=RENT))
    (instance,) = instances()
    assert (instance.source, instance.customer_name) == ("onboarding", "Priya Shah")
    end_reading()
    assert access.read_as(SYSTEM).scalars(select(Invitation)).all() == []
