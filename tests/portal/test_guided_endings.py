"""How a guided request ends for its customer: the outcome for ever, what they say about it, a copy, and cancelling."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest

from flows import access
from flows.actions import closing, reopening
from flows.models import Notice
from flows.work import unit_of_work
from tests.browser_tools import HtmlFacts
from tests.guided.conftest import HOUSEHOLD, IDENTITY, Play
from tests.portal.browsing import Visitor
from tests.portal.story import rows
from tests.portal.test_guided_lists import MOST_STATEMENTS, words

TASK = "/tasks/TI-2001"
OUTCOME, RATING, COPY, CANCEL = f"{TASK}/outcome", f"{TASK}/rating", f"{TASK}/copy", f"{TASK}/cancel"


def look(visitor: Visitor, path: str = OUTCOME) -> str:
    html = visitor.get(path)
    assert HtmlFacts(html).problems() == []
    return words(html.partition("<main")[2].partition("</main>")[0])


@pytest.fixture
def completed(play: Play) -> Play:
    play.start()
    play.through(pets=True)
    play.conclude(message="Welcome home.\n\nThe keys are yours.")
    return play


def sign(tenant: Visitor) -> str:
    """The icon beside the heading of the page."""
    panel = tenant.get(OUTCOME).partition('<section class="panel')[2].partition("<h1>")[0]
    return panel.partition("#")[2].partition('"')[0]


@pytest.mark.requirement("C43", "C45")
def test_the_outcome_says_how_it_ended_and_what_was_answered(tenant: Visitor, completed: Play) -> None:
    page = look(tenant)
    assert "Request completed Move-in Reference TI-2001 · Monday 2 November, 10:00am" in page
    assert sign(tenant) == "done"
    assert "Welcome home. The keys are yours." in page
    assert "You need do nothing more." in page
    assert "Is something wrong? Contact us and give the reference TI-2001." in page
    assert "Tell us about your pets Sent , Monday 2 November" in page.replace("Sent,", "Sent ,")
    assert "Name of the pet Rex" in page
    assert "Inspect the home From us" in page
    assert "What was found All well" in page


@pytest.mark.requirement("C44", "C37")
def test_a_negative_outcome_is_grey(tenant: Visitor, play: Play) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    play.close("identity", reason="False papers", message="We could not go ahead.")
    html = tenant.get(OUTCOME)
    assert '<section class="panel "' in html
    assert sign(tenant) == "info", "no tick"
    page = look(tenant)
    assert "Request closed Move-in" in page
    assert "We could not go ahead." in page
    assert "False papers" not in page, "the reason is between staff"


@pytest.mark.requirement("C21")
def test_a_cancelled_and_an_open_request(tenant: Visitor, play: Play) -> None:
    play.start()
    assert tenant.client.get(OUTCOME).location == TASK, "a bookmark leads to how it stands"
    with unit_of_work(play.world.admin) as work:
        closing.cancel_request(work, access.instance_to_change(work, play.ref), "Moved away")
    page = look(tenant)
    assert "Request cancelled" in page
    assert sign(tenant) == "cross", "no tick"
    assert "Moved away" in page
    assert "How satisfied" not in page
    with unit_of_work(play.world.admin) as work:
        reopening.revive(work, access.instance_to_change(work, play.ref), "It was the wrong one")
    assert tenant.client.get(OUTCOME).location == TASK


# --- rating -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("C12", "Q28")
def test_a_rating_is_given_and_changed(tenant: Visitor, completed: Play, move_clock: Callable[..., Any]) -> None:
    page = look(tenant)
    for said in ("Very satisfied", "Satisfied", "Neither satisfied nor dissatisfied", "Very dissatisfied"):
        assert said in page
    sent = tenant.send(OUTCOME, RATING, score="4", comment="Quick and kind")
    assert (sent.status_code, sent.location) == (303, f"{OUTCOME}#rating")
    page = look(tenant)
    assert "Thank you for telling us." in page
    assert "You said: Satisfied. You can change this until Monday 9 November, 10:00am ." in page
    assert "Quick and kind" in page
    move_clock(days=2)
    tenant.send(OUTCOME, RATING, score="2", comment="The key did not fit")
    assert (completed.now().rating, completed.now().rating_comment) == (2, "The key did not fit")
    move_clock(days=6)
    page = look(tenant)
    assert "You said: Dissatisfied. Thank you." in page
    assert "Change my feedback" not in page
    assert tenant.post(RATING, score="5").status_code == 409
    assert completed.now().rating == 2


@pytest.mark.requirement("Q28")
def test_a_rating_that_is_none(tenant: Visitor, completed: Play) -> None:
    for score in ("", "x", "-1", "99999", "٣"):
        answer = tenant.post(RATING, score=score, comment="Kept")
        assert answer.status_code == 422, score
        assert "Choose how satisfied you were" in answer.text
        assert "Kept" in answer.text
        assert HtmlFacts(answer.text).problems() == []
    assert tenant.post(RATING, score="6").status_code == 422
    assert tenant.post(RATING, score="5", comment="x" * 1201).status_code == 422
    assert completed.now().rating is None


@pytest.mark.requirement("Q28")
def test_nothing_is_rated_before_its_end(tenant: Visitor, play: Play) -> None:
    play.start()
    assert tenant.post(RATING, score="5").status_code == 409


def test_a_rating_sent_twice_is_one(tenant: Visitor, completed: Play) -> None:
    form = {"_key": "k" * 20, "score": "5"}
    assert [tenant.post(RATING, **form).status_code for _ in range(2)] == [303, 303]
    assert completed.kinds().count("rated") == 1


@pytest.mark.requirement("Q28")
@pytest.mark.parametrize(("flow", "answers", "best", "shown"), [
    ("ask-permission", {"what": "paint", "builder": False}, "3", "Satisfied Neither satisfied nor dissatisfied"),
    ("tell-us", {"has_pets": False}, "10", "1 is very dissatisfied, 10 is very satisfied. 10 9 8 7 6 5 4 3 2 1"),
])  # fmt: skip
def test_other_scales(tenant: Visitor, play: Play, flow: str, answers: dict[str, Any], best: str, shown: str) -> None:
    play.start(flow, inputs={})
    step = "plan" if flow == "ask-permission" else "pets"
    play.submit(step, answers)
    if flow == "ask-permission":
        play.approve(step)
        play.submit("visit", {"seen": "Well", "private": "Between us"}, by=play.world.agent)
        play.conclude()
    page = look(tenant)
    assert shown in page
    assert "Between us" not in page
    assert tenant.send(OUTCOME, RATING, score=best).status_code == 303
    assert play.now().rating == int(best)


def test_what_was_said_about_the_end_is_seen_with_the_rating(tenant: Visitor, completed: Play) -> None:
    assert any("is completed" in notice.text for notice in rows(Notice))
    assert "Dismiss this notice" in tenant.get("/contact")
    assert "Dismiss this notice" not in tenant.get(OUTCOME), "the page itself says it"
    tenant.send(OUTCOME, RATING, score="5")
    assert "Dismiss this notice" not in tenant.get("/contact")


# --- copy -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("X20")
def test_a_copy_has_everything_that_the_customer_may_read(tenant: Visitor, play: Play) -> None:
    play.start("ask-permission", inputs={})
    assert "Nothing was sent yet." in look(tenant, COPY)
    play.submit("plan", {"what": "wall", "which_wall": "North\nand east", "builder": False, "cost": "5"})
    page = look(tenant, COPY)
    assert "Reference TI-2001 For Priya Shah, 12 Mill Lane, Leeds LS1 4AB Status Being reviewed" in page
    assert "Which wall? North and east" in page
    assert "Name of the builder" not in page, "it was not asked"
    assert "For the office" not in page
    play.approve("plan")
    play.submit("visit", {"seen": "A sound wall", "private": "Ask the boss"}, by=play.world.agent)
    play.conclude(message="You may go ahead.")
    page = look(tenant, COPY)
    assert "How it ended You may go ahead." in page
    assert "What we saw A sound wall" in page
    assert "Ask the boss" not in page


# --- cancelling -------------------------------------------------------------------------------------------------


@pytest.mark.requirement("Q29")
def test_a_customer_cancels_with_a_reason(tenant: Visitor, play: Play) -> None:
    play.start()
    assert "Cancel this request…" in tenant.get(TASK)
    empty = tenant.send(CANCEL, reason=" ")
    assert empty.status_code == 422
    assert "Say why it is cancelled" in empty.text
    assert play.now().is_open
    sent = tenant.send(CANCEL, reason="We stay where we are")
    assert (sent.status_code, sent.location) == (303, OUTCOME)
    page = look(tenant)
    assert "The request was cancelled." in page
    assert "We stay where we are" in page
    assert play.now().status == "cancelled"
    assert tenant.get(CANCEL, 409)
    assert tenant.post(CANCEL, reason="Again").status_code == 409


@pytest.mark.requirement("Q29")
def test_once_we_have_begun_only_we_cancel(tenant: Visitor, play: Play) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    play.approve("identity")
    play.submit("household", HOUSEHOLD)
    play.submit("inspection", {"found": "All well"}, by=play.world.agent)
    assert "Cancel this request" not in tenant.get(TASK)
    assert "cannot be cancelled here" in tenant.get(CANCEL, 409)
    refused = tenant.post(CANCEL, reason="Please")
    assert refused.status_code == 409
    assert "only we can cancel it now" in refused.text
    play.start("tell-us", inputs={})
    tenant.get("/tasks/TI-2002/cancel", 409)
    assert tenant.post("/tasks/TI-2002/cancel", reason="Please").status_code == 403
    assert play.now().is_open


@pytest.mark.parametrize("path", [OUTCOME, COPY, CANCEL])
def test_these_pages_need_few_statements_and_few_bytes(
    tenant: Visitor, play: Play, count_statements: Callable[[], list[str]], path: str
) -> None:
    play.start()
    if path != CANCEL:
        play.through(pets=True)
        play.conclude()
    tenant.get(path)
    counted = count_statements()
    html = tenant.get(path)
    assert len(counted) <= MOST_STATEMENTS, "\n".join(counted)
    assert len(gzip.compress(html.encode(), 6)) <= 4 * 1024
