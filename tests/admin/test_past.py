"""Looking back in the back office: a moment of a request, a case or a task of an order, and why (X10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from flows.access import instance_to_change
from flows.actions import amending
from flows.work import unit_of_work
from tests.actions.test_order_story import instances, place
from tests.admin.conftest import ClientOf
from tests.admin.desk import Desk, desk_of
from tests.guided.conftest import HOUSEHOLD, IDENTITY, Play, move_in, play
from tests.portal.browsing import Visitor
from tests.stages.desk import Desk as CaseDesk
from tests.stages.desk import desk as case
from tests.world import World

__all__ = ["case", "desk_of", "move_in", "play"]
DeskOf = Callable[[Any], Desk]


@pytest.mark.requirement("X1", "X2", "X10")
def test_a_request_is_seen_as_it_was_and_why(
    play: Play, world: World, desk_of: DeskOf, move_clock: Callable[..., Any]
) -> None:
    play.start(assignee="usr_gus")
    desk = desk_of(world.agent)
    assert "As it was, and why" in desk.page()
    asked = f"{desk.at('/at')}?why=step-pets"
    assert f'href="{asked}#step-pets"' in desk.client.get(desk.at()).get_data(as_text=True)
    pets = desk.client.get(asked).get_data(as_text=True).partition('id="step-pets"')[2].partition("</section>")[0]
    assert pets.count("<details open>") == pets.count("<summary>") > 0, "what was asked for is open"
    for odd in ("9999-12-31T23:59-14:00", "0001-01-01T00:00", "soon"):
        assert desk.client.get(f"{desk.at('/at')}?moment={odd}").status_code == 422
    move_clock(days=1)
    play.submit("household", HOUSEHOLD)
    now = desk.page("/at")
    assert "As it is now" in now
    assert "Tell us about your pets is hidden" in now
    assert "when: data.has_pets == true" in now
    assert "move-in.flow.yaml:47" in now
    assert "Your household: answers sent" in now
    then = desk.page("/at/1")
    assert "As it was on" in then
    assert "Tell us about your pets is hidden for now" in then
    assert "Not known yet" in then
    assert "Next moment" in then
    assert "Previous moment" not in then
    assert desk.page("/at?moment=2026-11-02T10:30").count("hidden for now") == then.count("hidden for now")


@pytest.mark.requirement("X10")
def test_a_moment_that_is_none_is_said_to_be_so(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    desk = desk_of(world.agent)
    assert "it began on" in desk.page("/at?moment=2001-01-01T00:00", 422)
    assert "Enter a day and a time" in desk.page("/at?moment=yesterday", 422)
    assert "has no such moment" in desk.page("/at/99", 422)


@pytest.mark.requirement("X10")
def test_looking_back_takes_few_statements(
    play: Play, world: World, desk_of: DeskOf, count_statements: Callable[[], list[str]]
) -> None:
    play.start(assignee="usr_gus")
    desk = desk_of(world.agent)
    desk.page("/at")
    few = count_statements()
    desk.page("/at")
    assert len(few) <= 8, "\n".join(few)
    for _ in range(2):
        play.submit("identity", IDENTITY)
        play.send_back("identity")
    play.submit("household", HOUSEHOLD)
    for path in ("/at", "/at/3"):
        counted = count_statements()
        desk.page(path)
        assert len(counted) <= 8, "\n".join(counted)


@pytest.mark.requirement("X10", "A10")
def test_a_task_of_an_order_and_its_timers(app: Flask, world: World, client_of: ClientOf) -> None:
    place(world, world.coro)
    [task] = instances()
    page = client_of(world.agent).get(f"/admin/tasks/{task.reference}/at")
    assert page.status_code == 200
    html = page.get_data(as_text=True)
    assert "Timer “reminder” number 1 comes on" in html
    assert "coro/coro-order-fulfilment.flow.yaml:" in html
    assert "It began by itself" in html
    assert client_of(world.buyer).get(f"/admin/tasks/{task.reference}/at").status_code == 403


@pytest.mark.requirement("X20")
@pytest.mark.parametrize("database", ["sqlite"])
def test_private_answers_stay_masked_in_the_past(play: Play, world: World, desk_of: DeskOf) -> None:
    play.start()
    with unit_of_work(world.agent) as work:
        instance = instance_to_change(work, play.ref)
        step = instance.step("identity")
        assert step is not None
        amending.add_field(work, instance, step, {"label": "Insurance number", "type": "text"})
        amending.add_field(work, instance, step, {"label": "Second number", "type": "text"})
        fields = instance.overlay["fields"]["identity"]
        fields["insurance_number"]["sensitive"] = True
        fields["second_number"]["when"] = 'data.insurance_number == "QQ123456C"'
        instance.overlay = {"fields": {"identity": dict(fields)}}
    play.submit("identity", {**IDENTITY, "insurance_number": "QQ123456C", "second_number": "1"})
    page = desk_of(world.admin).page("/at")
    assert "“Second number” is asked" in page
    assert page.count("QQ123456C") == 1, "in the text of the rule, which the author wrote, and nowhere else"
    assert "data.insurance_number" in page
    assert "••••••" in page


@pytest.mark.requirement("B14", "X10")
def test_a_case_and_its_actions(app: Flask, case: CaseDesk) -> None:
    case.raise_case()
    gus = Visitor(app, case.people["gus"])
    page = gus.get(f"/admin/cases/{case.ref}/at")
    assert "in the state" in page
    assert "assignee.id != creator.id" in page
    assert "Every moment" in page
