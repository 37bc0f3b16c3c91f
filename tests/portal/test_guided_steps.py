"""Answering guided requests: pages, conditions, what was handed back, what we added, what is not theirs to read."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from typing import Any

import pytest

from flows import access
from flows.actions import amending, submitting
from flows.models import Submission
from flows.work import unit_of_work
from tests.browser_tools import HtmlFacts
from tests.guided.conftest import HOUSEHOLD, IDENTITY, Play
from tests.portal.browsing import Visitor, forms_in
from tests.portal.story import rows
from tests.portal.test_guided_lists import MOST_STATEMENTS, words

TASK = "/tasks/TI-2001"
IDENTITY_STEP, PLAN = f"{TASK}/steps/identity", f"{TASK}/steps/plan"


def page_of(name: str) -> str:
    return f"{PLAN}/page-{name}"


def fields_of(visitor: Visitor, path: str) -> dict[str, str]:
    html = visitor.get(path)
    assert HtmlFacts(html).problems() == []
    return dict(next(form["fields"] for form in forms_in(html) if form["action"] == path))


def add_question(play: Play, step: str, label: str = "Flat number?", **more: Any) -> None:
    with unit_of_work(play.world.agent) as work:
        instance = access.instance_to_change(work, play.ref)
        question = {"label": label, "type": "text", "required": True, **more}
        amending.add_field(work, instance, access.step_of(instance, step), question)


# --- pages ------------------------------------------------------------------------------------------------------


@pytest.fixture
def planning(play: Play) -> Play:
    play.start("ask-permission", inputs={})
    return play


@pytest.mark.requirement("X14", "X17")
def test_one_page_at_a_time_each_checked_on_its_own(tenant: Visitor, planning: Play) -> None:
    assert tenant.client.get(PLAN).location == page_of("work")
    wrong = tenant.send(page_of("work"), builder="true")
    assert wrong.status_code == 422
    assert "What do you want to change?" in wrong.text
    assert 'href="#what"' in wrong.text
    assert 'href="#builder"' not in wrong.text, "the next page is no matter of this one"
    assert tenant.send(page_of("work"), what="paint").location == page_of("who")
    assert tenant.send(page_of("who"), builder="false").location == page_of("money"), "no builder, no page about one"
    assert "Page 3 of 3" in tenant.get(page_of("money"))
    assert f'<a href="{page_of("who")}">Back</a>' in tenant.get(page_of("money"))
    assert tenant.send(page_of("money"), cost="1,200.50", wishes="Soon").location == f"{PLAN}/check"
    check = tenant.get(f"{PLAN}/check")
    assert "What do you want to change? The colour Change What do you want to change?" in words(check)
    assert "1,200.50" in check
    assert "Name of the builder" not in check
    assert f'href="{page_of("who")}?then=check#builder"' in check
    assert "We review what you send and email you." in check
    sent = tenant.send(f"{PLAN}/check")
    assert (sent.status_code, sent.location) == (303, TASK)
    given = {name: value for name, value in planning.step("plan").answers.items() if value is not None}
    assert given == {"what": "paint", "builder": False, "cost": 120050, "wishes": "Soon"}
    assert planning.step("plan").state == "pending_approval"


@pytest.mark.requirement("X1")
def test_an_answer_brings_a_page_and_takes_it_away(tenant: Visitor, planning: Play) -> None:
    tenant.send(page_of("work"), what="paint")
    assert tenant.send(page_of("who"), builder="true").location == page_of("builder")
    assert "Page 3 of 4" in tenant.get(page_of("builder"))
    assert tenant.send(page_of("builder"), firm="Bob").location == page_of("money")
    tenant.send(page_of("money"), cost="5")
    assert "Bob" in tenant.get(f"{PLAN}/check")
    changed = tenant.send(f"{page_of('who')}?then=check", page_of("who"), builder="false")
    assert changed.location == f"{PLAN}/check", "whoever changes one answer comes back to the check"
    assert tenant.client.get(page_of("builder")).location == page_of("work")
    tenant.send(f"{PLAN}/check")
    assert "firm" not in planning.step("plan").answers


@pytest.mark.requirement("X1")
def test_a_change_that_asks_for_more_leads_there_first(tenant: Visitor, planning: Play) -> None:
    tenant.send(page_of("work"), what="paint")
    tenant.send(page_of("who"), builder="false")
    tenant.send(page_of("money"), cost="5")
    changed = tenant.send(f"{page_of('who')}?then=check", page_of("who"), builder="true")
    assert changed.location == page_of("builder")
    assert tenant.client.get(f"{PLAN}/check").location == page_of("builder")


@pytest.mark.requirement("X14")
def test_one_comes_back_to_where_one_stopped(tenant: Visitor, planning: Play) -> None:
    tenant.send(page_of("work"), what="paint")
    assert tenant.client.get(PLAN).location == page_of("who")
    kept = tenant.send(page_of("who"), builder="true", _action="draft")
    assert kept.location == TASK
    assert tenant.client.get(PLAN).location == page_of("builder")
    assert "In progress" in tenant.get(TASK)
    assert "Saved as a draft" in tenant.get(page_of("who"))
    assert rows(Submission) == []


@pytest.mark.requirement("X14")
def test_what_is_wrong_on_a_page_is_kept_all_the_same(tenant: Visitor, planning: Play) -> None:
    tenant.send(page_of("work"), what="wall", which_wall="")
    assert tenant.client.get(f"{PLAN}/check").location == page_of("work")
    assert (planning.step("plan").draft or {})["what"] == "wall"


@pytest.mark.requirement("X14")
def test_a_page_saves_itself_without_losing_the_others(tenant: Visitor, planning: Play) -> None:
    tenant.send(page_of("work"), what="paint")
    saved = tenant.put(f"{page_of('who')}/draft", version="1", builder="true")
    assert saved.status_code == 204
    assert planning.step("plan").draft == {"what": "paint", "builder": True}


def test_what_is_no_longer_ticked_is_no_longer_there(tenant: Visitor, planning: Play) -> None:
    tenant.send(page_of("work"), what="paint")
    tenant.send(page_of("who"), builder="true")
    tenant.post(page_of("builder"), version="1", firm="Bob", insured=["fire", "water"])
    assert (planning.step("plan").draft or {})["insured"] == ["fire", "water"]
    tenant.post(page_of("builder"), version="1", firm="Bob")
    assert (planning.step("plan").draft or {})["insured"] is None


def test_pages_that_are_not_there(tenant: Visitor, planning: Play) -> None:
    tenant.get(page_of("nowhere"), 404)
    assert tenant.post(page_of("nowhere"), what="paint").status_code == 404
    assert tenant.put(f"{page_of('nowhere')}/draft", what="paint").status_code == 404
    planning.start()
    tenant.get("/tasks/TI-2002/steps/identity/page-work", 404)


@pytest.mark.requirement("X1")
def test_the_whole_form_at_once_is_checked_as_well(tenant: Visitor, planning: Play) -> None:
    """Whoever posts past the pages gets no further than they do."""
    answer = tenant.post(PLAN, version="1", what="wall", builder="false", firm="Hidden", office="Ours")
    assert answer.status_code == 422
    assert "The work" in answer.text, "the first page with a problem"
    assert 'href="#which_wall"' in answer.text
    whole = tenant.post(
        PLAN, version="1", what="wall", which_wall="North", builder="false", firm="Hidden", office="Ours"
    )
    assert whole.location == f"{PLAN}/check"
    tenant.send(f"{PLAN}/check")
    given = planning.step("plan").answers
    assert given["which_wall"] == "North"
    assert "firm" not in given, "hidden by a condition"
    assert given.get("office") is None, "not theirs to answer"


# --- conditions and privacy -------------------------------------------------------------------------------------


@pytest.mark.requirement("X1", "X2")
def test_a_question_on_a_condition(tenant: Visitor, play: Play) -> None:
    play.start("tell-us", inputs={})
    step = f"{TASK}/steps/pets"
    fresh = tenant.get(step)
    assert 'name="pet_name"' in fresh, "without a script it can be answered at once"
    assert "data-if=" in fresh
    assert "conditions.js" in fresh
    assert 'name="rent_note"' in fresh, "pounds are typed and pence compared: only the server knows"
    assert fresh.count("data-if=") == 1
    assert tenant.post(step, version="1", has_pets="true", rent_paid="").status_code == 422
    assert tenant.post(step, version="1", has_pets="false", pet_name="Rex", rent_paid="").location == f"{step}/check"
    again = tenant.get(step)
    assert re.search(r'<div data-if="[^"]+" hidden>', again), "known not to be asked: hidden until the answer changes"
    check = tenant.get(f"{step}/check")
    assert "Name of the pet" not in check
    tenant.send(f"{step}/check")
    assert "pet_name" not in play.step("pets").answers


@pytest.mark.requirement("X20")
def test_what_a_customer_may_not_read_is_neither_shown_nor_taken_nor_lost(tenant: Visitor, planning: Play) -> None:
    tenant.send(page_of("work"), what="paint")
    tenant.send(page_of("who"), builder="false")
    assert "For the office" not in tenant.get(page_of("money"))
    tenant.post(page_of("money"), version="1", cost="5", office="Changed")
    assert "For the office" not in tenant.get(f"{PLAN}/check")
    tenant.send(f"{PLAN}/check")
    assert planning.step("plan").answers.get("office") is None
    planning.send_back("plan", remarks={"office": "Between us", "cost": "Without tax"})
    page = tenant.get(page_of("money"))
    assert "Between us" not in page
    assert "Without tax" in page
    on_behalf = {"what": "paint", "builder": False, "office": "Second floor"}
    with unit_of_work(planning.world.agent) as work:
        instance = access.instance_to_change(work, planning.ref)
        submitting.submit(work, instance, access.step_of(instance, "plan"), on_behalf, on_behalf=True)
    assert planning.step("plan").answers["office"] == "Second floor"
    assert "Second floor" not in tenant.get(PLAN)
    planning.send_back("plan", by=planning.world.admin)
    tenant.post(PLAN, version=str(planning.step("plan").version), what="wall", which_wall="East", builder="false")
    tenant.send(f"{PLAN}/check")
    assert planning.step("plan").answers["office"] == "Second floor", "sending the others keeps it"


# --- handed back ------------------------------------------------------------------------------------------------


@pytest.fixture
def returned(play: Play) -> Play:
    play.start()
    play.submit("identity", IDENTITY)
    play.send_back("identity", "Please use your full name.", remarks={"legal_name": "As in your passport"})
    return play


@pytest.mark.requirement("C36")
def test_remarks_stand_beside_their_fields(tenant: Visitor, returned: Play) -> None:
    page = tenant.get(IDENTITY_STEP)
    assert "Changes needed" in page
    said = words(page)
    assert "Gus Agent wrote, Monday 2 November, 10:00am Please use your full name." in said
    assert "1 answer needs changing: Full legal name" in said
    assert '<a href="#legal_name">Full legal name</a>' in page
    assert "Gus Agent: “As in your passport” Full legal name" in said
    assert 'value="Priya Shah"' in page, "everything is filled in"
    assert "Earlier versions Version 1 Sent Monday 2 November, 10:00am · returned Monday 2 November, 10:00am" in said
    assert HtmlFacts(page).problems() == []
    sent = tenant.send(IDENTITY_STEP, legal_name="Priya Anjali Shah", right_to_rent="y")
    assert sent.location == TASK
    step = returned.step("identity")
    assert (step.state, step.attempt, step.answers["legal_name"]) == ("pending_approval", 2, "Priya Anjali Shah")
    assert "Sent. We review your answers and email you." in tenant.get(TASK)


@pytest.mark.requirement("C36")
def test_remarks_of_a_long_step_lead_to_their_pages(tenant: Visitor, planning: Play) -> None:
    planning.submit("plan", {"what": "paint", "builder": False, "cost": "5"})
    planning.send_back("plan", remarks={"cost": "Without tax", "what": "Which colour?"})
    page = tenant.get(page_of("work"))
    assert "2 answers need changing:" in page
    assert f'<a href="{page_of("money")}#cost">What will it cost?</a>' in page
    assert tenant.send(page_of("work"), what="paint").location == page_of("who")
    for name in ("who", "money"):
        tenant.send(page_of(name), builder="false")
    tenant.send(f"{PLAN}/check")
    assert planning.step("plan").answers["cost"] == 500, "what was sent before is kept under the new draft"


@pytest.mark.requirement("C38")
def test_a_reopened_step_says_why(tenant: Visitor, play: Play) -> None:
    play.start()
    play.submit("household", HOUSEHOLD)
    play.reopen("household", reason="The income was last year's")
    page = words(tenant.get(f"{TASK}/steps/household"))
    assert "Gus Agent wrote, Monday 2 November, 10:00am The income was last year's" in page
    assert "needs changing" not in page


@pytest.mark.requirement("C35")
def test_what_waits_for_a_review_can_be_read(tenant: Visitor, play: Play) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    page = words(tenant.get(IDENTITY_STEP))
    assert "Being reviewed We are reviewing this. We will email you what comes of it." in page
    assert "What was sent" in page
    assert "Full legal name Priya Shah" in page


# --- what we added ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("X14")
def test_what_was_typed_meanwhile_is_told_in_the_words_of_the_answer(tenant: Visitor, play: Play) -> None:
    play.start("tell-us", inputs={})
    step = f"{TASK}/steps/pets"
    tenant.put(f"{step}/draft", version="1", has_pets="false", rent_paid="120")
    stale = tenant.post(step, version="77", has_pets="true", pet_name="", rent_paid="120.00")
    assert stale.status_code == 412
    assert "now “No”, you typed “Yes”" in stale.text
    assert "you typed “true”" not in stale.text
    assert "Rent paid: now" not in stale.text, "the same amount, however it was typed"


@pytest.mark.requirement("C40", "X14")
def test_a_question_that_we_added_since(tenant: Visitor, play: Play, move_clock: Callable[..., Any]) -> None:
    play.start()
    tenant.put(f"{IDENTITY_STEP}/draft", version="1", legal_name="Priya")
    old = fields_of(tenant, IDENTITY_STEP)
    move_clock(minutes=5)
    add_question(play, "identity")
    page = tenant.get(IDENTITY_STEP)
    assert "We added a question since you started What you have entered is kept. Flat number?" in words(page)
    assert "New question" in page
    assert 'value="Priya"' in page
    stale = tenant.post(IDENTITY_STEP, **{**old, "legal_name": "Priya S", "right_to_rent": "y"})
    assert stale.status_code == 412
    assert "We added a question since you started" in stale.text
    assert 'value="Priya S"' in stale.text
    tenant.put(f"{IDENTITY_STEP}/draft", version="2", legal_name="Priya", flat_number="")
    move_clock(minutes=5)
    assert "We added a question" not in tenant.get(IDENTITY_STEP), "it was seen when the draft was saved again"


@pytest.mark.requirement("C40", "Q25")
def test_a_question_on_what_was_sent_hands_it_back(tenant: Visitor, play: Play) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    add_question(play, "identity")
    page = words(tenant.get(IDENTITY_STEP))
    assert "We need one more answer: Flat number?" in page
    assert "1 answer needs changing: Flat number?" in page
    sent = tenant.send(IDENTITY_STEP, right_to_rent="y", flat_number="2b")
    assert sent.location == TASK
    assert play.step("identity").answers["flat_number"] == "2b"


# --- refused ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("X1")
def test_a_step_that_is_not_open_takes_nothing(tenant: Visitor, play: Play) -> None:
    play.start()
    for step in ("keys", "pets"):
        page = tenant.get(f"{TASK}/steps/{step}", 409)
        assert "This step cannot start yet" in page
        for path in ("", "/draft", "/check"):
            assert tenant.post(f"{TASK}/steps/{step}{path}", slot="Monday").status_code == 409
    assert tenant.post(f"{TASK}/steps/inspection", found="Mine").status_code in (403, 409)
    play.submit("household", HOUSEHOLD)
    tenant.get(f"{TASK}/steps/pets", 404)
    assert tenant.post(f"{TASK}/steps/pets", pet_name="Rex").status_code == 404
    assert {row.step_id for row in rows(Submission)} == {play.step("household").id}


@pytest.mark.requirement("C35")
def test_what_is_reviewed_or_done_is_not_sent_again(tenant: Visitor, play: Play) -> None:
    play.start()
    form = fields_of(tenant, IDENTITY_STEP)
    play.submit("identity", IDENTITY)
    late = tenant.post(IDENTITY_STEP, **{**form, **IDENTITY, "legal_name": "Late"})
    assert late.status_code == 409
    assert "What you typed was not sent" in late.text
    assert "Late" in late.text
    assert len(rows(Submission)) == 1


def test_pressing_twice_sends_once(tenant: Visitor, play: Play) -> None:
    play.start()
    form = {**fields_of(tenant, IDENTITY_STEP), **IDENTITY}
    first, second = tenant.post(IDENTITY_STEP, **form), tenant.post(IDENTITY_STEP, **form)
    assert (first.location, second.location) == (TASK, TASK)
    assert len(rows(Submission)) == 1


@pytest.mark.requirement("C46")
def test_an_answer_that_ends_it_shows_how(tenant: Visitor, play: Play) -> None:
    play.start()
    sent = tenant.send(f"{TASK}/steps/household", income="10", has_pets="false")
    assert sent.location == f"{TASK}/outcome"
    assert "Request closed" in tenant.get(f"{TASK}/outcome")


@pytest.mark.parametrize("path", [IDENTITY_STEP, f"{PLAN}/page-who", f"{PLAN}/check"])
def test_pages_of_steps_need_few_statements_and_few_bytes(
    tenant: Visitor, play: Play, count_statements: Callable[[], list[str]], path: str
) -> None:
    if "plan" in path:
        play.start("ask-permission", inputs={})
        play.submit("plan", {"what": "paint", "builder": False})
        play.send_back("plan", remarks={"what": "Which colour?"})
        tenant.post(PLAN, version=str(play.step("plan").version), what="paint", builder="false")
    else:
        play.start()
        play.submit("identity", IDENTITY)
        play.send_back("identity", remarks={"legal_name": "As in your passport"})
    tenant.get(path)
    counted = count_statements()
    html = tenant.get(path)
    assert len(counted) <= MOST_STATEMENTS, "\n".join(counted)
    asked = set(re.findall(r'(?:src|href)="(/static/[^"#]+)', html))
    files = [tenant.client.get(one, headers={"Accept-Encoding": "gzip"}) for one in asked]
    assert len(gzip.compress(html.encode(), 6)) + sum(len(file.data) for file in files) <= 12 * 1024
