"""The page of a guided request: whose steps are where, what we need changed, and what happens next in every state."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from flows import access
from flows.actions import amending, closing, onboarding
from flows.actions.beginning import Wish
from flows.work import unit_of_work
from tests.browser_tools import HtmlFacts
from tests.guided.conftest import HOUSEHOLD, IDENTITY, Play
from tests.portal.browsing import Visitor, bare
from tests.portal.test_guided_lists import MOST_STATEMENTS, words

TASK = "/tasks/TI-2001"


def look(visitor: Visitor) -> str:
    """The words of the page; its markup keeps the laws."""
    html = visitor.get(TASK)
    assert HtmlFacts(html).problems() == []
    return words(html.partition("<main")[2].partition("</main>")[0])


@pytest.mark.requirement("C2", "C8", "C33", "X2", "Q19")
def test_a_new_request_says_what_there_is_to_do(tenant: Visitor, play: Play) -> None:
    play.start(message="Welcome, Priya.\n\nTake your time.")
    page = look(tenant)
    assert "From Gus Agent Welcome, Priya. Take your time." in page
    assert "0 of 4 steps completed" in page
    assert "Begin with “Who you are”" in page
    assert "1. Who you are Due 5 November Not started 2. Your household Not started" in page
    assert "3. Collect your keys After: Inspect the home Cannot start yet" in page
    assert "Our steps Inspect the home After: Who you are, Your household Cannot start yet" in page
    assert "It is your turn: “Who you are” and “Your household”." in page
    assert "We review what you send and email you." in page
    assert "Your answers may add steps." in page
    assert "We will remind you on" in page
    assert "Tell us about your pets" not in page, "nobody knows yet whether there are pets"
    assert "Not begun" in page, "the flow has its own word"


@pytest.mark.requirement("X1", "Q19")
def test_an_answer_adds_a_step_or_leaves_it_out(tenant: Visitor, play: Play) -> None:
    play.start()
    play.submit("household", {**HOUSEHOLD, "has_pets": True})
    page = look(tenant)
    assert "3. Tell us about your pets Not started" in page
    assert "1 of 5 steps completed" in page
    assert "may add steps" not in page
    play.start()
    play.submit("household", HOUSEHOLD)
    assert "Tell us about your pets" not in tenant.get("/tasks/TI-2002")


@pytest.mark.requirement("C34", "C35")
def test_while_we_review(tenant: Visitor, play: Play) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    page = look(tenant)
    assert "Being reviewed 0 of 4 steps completed" in page
    assert "1. Who you are Sent 2 November Being reviewed" in page
    assert "We are reviewing “Who you are”. We will email you what comes of it." in page
    assert "Meanwhile you can go on with “Your household”." in page
    assert "Go on with “Your household”" in page
    assert "It is your turn" not in page


@pytest.mark.requirement("C36")
def test_what_we_need_changed_comes_first(tenant: Visitor, play: Play) -> None:
    play.start(message="Welcome")
    play.submit("identity", IDENTITY)
    play.send_back("identity", "Please use the name in your passport.", remarks={"legal_name": "Not a nickname"})
    html = tenant.get(TASK)
    page = look(tenant)
    assert "We need you to change something Gus Agent wrote about “Who you are”, Monday 2 November, 10:00am" in page
    assert "Please use the name in your passport. Change “Who you are”" in page
    assert f'href="{TASK}/steps/identity">Change “Who you are”' in html
    assert "Changes needed" in page
    assert "Change “Who you are” and send it again." in page
    assert "Begin with" not in page
    assert page.index("We need you to change something") < page.index("Your steps")


@pytest.mark.requirement("C38")
def test_a_step_reopened_without_a_reason(tenant: Visitor, play: Play) -> None:
    play.start()
    play.submit("household", HOUSEHOLD)
    play.reopen("household")
    page = look(tenant)
    assert "Gus Agent has opened “Your household” again for you" in page
    assert "2. Your household Changes needed" in page


@pytest.mark.requirement("C18", "C42")
def test_when_it_is_our_turn_and_when_everything_is_done(tenant: Visitor, play: Play) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    play.approve("identity")
    play.submit("household", HOUSEHOLD)
    page = look(tenant)
    assert "With us 2 of 4 steps completed" in page
    assert "It is our turn: “Inspect the home”. We will email you when we need you." in page
    assert "After that it is your turn again: “Collect your keys”." in page
    assert "Inspect the home With us" in page
    play.submit("inspection", {"found": "All well"}, by=play.world.agent)
    assert "It is your turn: “Collect your keys”." in look(tenant)
    play.submit("keys", {"slot": "Monday"})
    page = look(tenant)
    assert "4 of 4 steps completed" in page
    assert "Every step is completed. We look through everything once more and email you how it ended." in page


@pytest.mark.requirement("C22", "Q20")
def test_overdue_stands_beside_the_state(tenant: Visitor, play: Play, move_clock: Callable[..., Any]) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    move_clock(days=4)
    assert "Overdue" not in look(tenant), "what was sent in time is not late"
    play.send_back("identity")
    move_clock(days=20)
    page = look(tenant)
    assert "Changes needed Overdue" in page
    assert "1. Who you are Was due 5 November Changes needed" in page


@pytest.mark.requirement("C39")
def test_a_step_that_we_added_says_so(tenant: Visitor, play: Play, move_clock: Callable[..., Any]) -> None:
    play.start()
    move_clock(days=1)
    with unit_of_work(play.world.agent) as work:
        instance = access.instance_to_change(work, play.ref)
        amending.add_step(work, instance, "identity", title="Send your old lease", actor="customer")
    page = look(tenant)
    assert "2. Send your old lease Added by us on 3 November Not started" in page
    assert "0 of 5 steps completed" in page


@pytest.mark.requirement("C43", "C45")
def test_how_it_ended(tenant: Visitor, play: Play) -> None:
    play.start()
    play.through()
    play.conclude(message="Welcome home.\nThe keys are yours.")
    page = look(tenant)
    assert "How it ended Completed. You need do nothing more. Welcome home. The keys are yours." in page
    assert "See how it ended Tell us how it was" in page
    assert "We will remind you" not in page
    assert "Cancel this request" not in page


@pytest.mark.requirement("C21", "C44", "C46")
def test_a_negative_end_and_a_cancelled_one(tenant: Visitor, play: Play) -> None:
    play.start()
    play.submit("household", {**HOUSEHOLD, "income": 1000})
    page = look(tenant)
    assert page.count("Closed") == 1
    assert "This is closed. The rent is too high." in page
    assert "1. Who you are Not done" in page
    play.start()
    with unit_of_work(play.world.admin) as work:
        closing.cancel_request(work, access.instance_to_change(work, play.ref), "Moved away")
    other = words(tenant.get("/tasks/TI-2002"))
    assert "This was cancelled. You need do nothing more." in other
    assert "Task cancelled. Moved away" in other


def test_help_of_the_flow(tenant: Visitor, play: Play) -> None:
    play.start("ask-permission", inputs={})
    html = tenant.get(TASK)
    assert "Have a drawing ready." in html
    assert (
        '<a href="https://help.example.org/permission" rel="noreferrer">Read more about “Ask for permission”</a>'
        in html
    )


@pytest.mark.parametrize(
    "path", ["", "/outcome", "/copy", "/cancel", "/complete", "/steps/identity", "/steps/identity/check"]
)
def test_another_s_request_is_as_if_it_were_not_there(app: Flask, play: Play, stranger: Visitor, path: str) -> None:
    play.start()
    foreign, missing = stranger.get(f"{TASK}{path}", 404), stranger.get(f"/tasks/TI-9999{path}", 404)
    assert bare(foreign) == bare(missing)


@pytest.mark.parametrize("path", ["/cancel", "/rating", "/steps/identity", "/steps/identity/page-x/draft"])
def test_nobody_acts_on_another_s_request(play: Play, stranger: Visitor, path: str) -> None:
    before = play.start().version
    answer = stranger.post(f"{TASK}{path}", reason="x", score="5", legal_name="Mine")
    assert answer.status_code == 404
    assert play.now().version == before


def test_a_page_of_many_steps_costs_what_a_short_one_costs(
    tenant: Visitor, play: Play, count_statements: Callable[[], list[str]]
) -> None:
    made = []
    play.start(message="Welcome")
    for titles in ((), [f"Step {n}" for n in range(20)]):
        with unit_of_work(play.world.agent) as work:
            instance = access.instance_to_change(work, play.ref)
            for title in titles:
                amending.add_step(work, instance, "identity", title=title, actor="customer")
        tenant.get(TASK)
        counted = count_statements()
        html = tenant.get(TASK)
        made.append(len(counted))
        assert len(gzip.compress(html.encode(), 6)) <= 5 * 1024
    assert made[0] == made[1] <= MOST_STATEMENTS


def test_an_invited_tenant_reads_who_wrote(play: Play, tenant: Visitor) -> None:
    given = {"name": "Priya Shah", "email": "priya@example.com", "address": "12 Mill Lane"}
    with unit_of_work(play.world.agent) as work:
        onboarding.invite_tenant(work, given, "ask-permission", Wish(message="Please begin"))
    assert "From Gus Agent Please begin" in look(tenant)
