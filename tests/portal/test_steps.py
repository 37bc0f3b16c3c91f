"""Answering a step through its page and its dialog: prefilled, kept, sent once, refused in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from flows.models import Instance, Order, Step, Submission
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from tests.browser_tools import HtmlFacts
from tests.portal.browsing import Visitor, forms_in
from tests.portal.story import ANSWERS, STEP, TASK, fire_timers, order_through_pages, rows, run_calls
from tests.world import World


@pytest.fixture
def waiting(buyer: Visitor, world: World) -> Visitor:
    """Bea, whose order waits for the details."""
    order_through_pages(buyer, world, world.coro, world.microsoft)
    return buyer


def fields_of(page: str) -> dict[str, str]:
    return dict(next(form["fields"] for form in forms_in(page) if form["action"] == STEP))


@pytest.mark.requirement("A5", "A25", "A26", "A27", "A28")
def test_the_form_is_filled_with_what_is_known(waiting: Visitor) -> None:
    page = waiting.get(STEP)
    fields = fields_of(page)
    known = {name: fields[name] for name in ANSWERS}
    assert known == {"company_name": "Acme Ltd", "domain_name": "acme.coro.example", "admin_email": ""}
    assert page.count("Please check it") == 2, "what was filled in is to be checked, the email is to be typed"
    assert "This email will receive credentials and notifications." in page
    assert "Coro Info Required · order #1001 · Acme Ltd" in page
    assert HtmlFacts(page).problems() == []


@pytest.mark.requirement("A24")
def test_complete_task_opens_the_form_as_a_dialog_or_as_a_page(waiting: Visitor) -> None:
    assert waiting.client.get(f"{TASK}/complete").location == STEP
    fragment = waiting.get(f"{TASK}/complete", fragment=True)
    assert "<html" not in fragment
    assert "<h1>Complete Task</h1>" in fragment
    fields = fields_of(fragment)
    sent = waiting.post(STEP, fragment=True, **{**fields, **ANSWERS})
    assert (sent.status_code, sent.text) == (204, "")
    assert rows(Instance)[0].status == "completed"


@pytest.mark.requirement("A29", "A30", "A31", "A32")
def test_sending_completes_the_task_and_sets_the_order_up(waiting: Visitor) -> None:
    sent = waiting.send(STEP, **ANSWERS)
    assert (sent.status_code, sent.location) == (303, TASK)
    page = waiting.get(TASK)
    assert "Completed. We are setting up order #1001." in page
    run_calls()
    order = rows(Order)[0]
    assert (order.state, order.details) == ("provisioning", ANSWERS)
    assert "View your outstanding tasks" not in waiting.get("/contact"), "what was said about the task is seen"
    assert "it@acme.example" in waiting.get(STEP), "what was sent can be read"


def test_what_is_wrong_is_said_at_the_top_and_beside_each_field(waiting: Visitor) -> None:
    answer = waiting.send(STEP, company_name="", domain_name="not a domain", admin_email="it@")
    page = answer.text
    assert answer.status_code == 422
    assert "<title>Error: " in page
    assert "There is a problem" in page
    for name in ("company_name", "domain_name", "admin_email"):
        assert f'<a href="#{name}">' in page
        assert f'id="{name}-problem"' in page
    assert 'value="not a domain"' in page, "what was typed is kept"
    assert 'value="it@"' in page
    assert HtmlFacts(page).problems() == []
    assert rows(Submission) == []
    in_dialog = waiting.post(STEP, fragment=True, **{**fields_of(page), "company_name": "Acme"})
    assert in_dialog.status_code == 422
    assert "<html" not in in_dialog.text


def test_markup_is_shown_as_text(waiting: Visitor) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x>{{ 7*7 }}"
    answer = waiting.send(STEP, company_name=evil, domain_name=evil, admin_email=evil)
    assert "<script>alert" not in answer.text
    assert "<img" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    waiting.send(STEP, **{**ANSWERS, "company_name": evil})
    for path in (STEP, TASK, "/orders/1001"):
        assert "<script>alert" not in waiting.get(path)


@pytest.mark.requirement("A29")
def test_pressing_twice_sends_once(waiting: Visitor) -> None:
    fields = {**fields_of(waiting.get(STEP)), **ANSWERS}
    first, second = waiting.post(STEP, **fields), waiting.post(STEP, **fields)
    assert first.location == second.location == TASK
    assert len(rows(Submission)) == 1


def test_a_second_page_is_told_who_was_quicker_and_keeps_its_text(app: Flask, waiting: Visitor, world: World) -> None:
    carl = Visitor(app, world.colleague)
    late = {**fields_of(waiting.get(STEP)), **ANSWERS, "company_name": "My own words"}
    carl.send(STEP, **ANSWERS)
    answer = waiting.post(STEP, **late)
    assert answer.status_code == 409
    assert "This task was completed on Monday 2 November 2026" in answer.text
    assert "Carl Colleague" in answer.text
    assert "What you typed was not sent" in answer.text
    assert "My own words" in answer.text
    assert 'href="/orders/1001"' in answer.text
    assert HtmlFacts(answer.text).problems() == []
    same_page = {**fields_of_sent(carl), "company_name": "Other"}
    assert carl.post(STEP, **same_page).status_code == 409
    assert len(rows(Submission)) == 1


def fields_of_sent(visitor: Visitor) -> dict[str, str]:
    return {"version": "1", "_key": "old", **ANSWERS}


def test_a_page_sent_again_with_other_answers_is_refused(waiting: Visitor) -> None:
    fields = {**fields_of(waiting.get(STEP)), **ANSWERS}
    waiting.post(STEP, **fields)
    answer = waiting.post(STEP, **{**fields, "company_name": "Second thoughts"})
    assert answer.status_code == 409
    assert "Second thoughts" in answer.text


@pytest.mark.requirement("A6", "A7", "A8")
@pytest.mark.parametrize("worker_ran", [True, False])
def test_answers_after_the_end_are_refused_in_words(
    waiting: Visitor, move_clock: Callable[..., Any], worker_ran: bool
) -> None:
    fields = {**fields_of(waiting.get(STEP)), **ANSWERS}
    move_clock(days=8)
    if worker_ran:
        fire_timers()
    answer = waiting.post(STEP, **fields)
    assert answer.status_code == 409
    assert "This task expired on" in answer.text
    assert "it@acme.example" in answer.text, "what was typed is kept"
    assert rows(Submission) == []
    assert "Complete Task" in waiting.get(STEP), "the address still answers, with what happened"
    assert waiting.put(f"{STEP}/draft", **fields).status_code == 409


def test_an_old_version_shows_what_changed_and_keeps_the_text(waiting: Visitor) -> None:
    fields = {**fields_of(waiting.get(STEP)), **ANSWERS, "company_name": "Mine"}
    with unit_of_work(SYSTEM) as work:
        step = work.session.query(Step).one()
        step.version, step.draft = step.version + 1, {"company_name": "Theirs"}
    answer = waiting.post(STEP, **fields)
    assert answer.status_code == 412
    assert "Someone changed this while you were working" in answer.text
    assert "now “Theirs”, you typed “Mine”" in answer.text
    again = fields_of(answer.text)
    assert again["company_name"] == "Mine"
    assert waiting.post(STEP, **again).status_code == 303
    assert rows(Submission)[0].answers["company_name"] == "Mine"


@pytest.mark.parametrize("version", ["x", "-1", "99999999999999", "1.5"])
def test_a_damaged_version_is_no_crash(waiting: Visitor, version: str) -> None:
    assert waiting.post(STEP, **{**ANSWERS, "version": version}).status_code == 422


@pytest.mark.parametrize("method", ["put", "post"])
def test_a_draft_is_kept_and_shared_until_it_is_sent(app: Flask, waiting: Visitor, world: World, method: str) -> None:
    version = fields_of(waiting.get(STEP))["version"]
    saved = getattr(waiting, method)(f"{STEP}/draft", version=version, admin_email="half@", company_name="Acme Limited")
    assert saved.status_code == 204
    page = Visitor(app, world.colleague).get(STEP)
    assert 'value="half@"' in page
    assert 'value="Acme Limited"' in page
    assert "Saved as a draft" in page
    assert "Please check it" not in page
    assert ">In progress<" in waiting.get(TASK)
    assert waiting.put(f"{STEP}/draft", version="77", company_name="x").status_code == 412
    assert rows(Submission) == []


def test_save_and_come_back_later(waiting: Visitor) -> None:
    kept = waiting.send(STEP, _action="draft", admin_email="later@")
    assert (kept.status_code, kept.location) == (303, TASK)
    assert "Saved as a draft. Nothing is sent until you send it." in waiting.get(TASK)
    assert 'value="later@"' in waiting.get(STEP)
    in_dialog = waiting.post(STEP, fragment=True, **{**fields_of(waiting.get(STEP)), "_action": "draft"})
    assert in_dialog.status_code == 200
    assert "Nothing is sent until you send it" in in_dialog.text


def test_steps_that_are_not_there(waiting: Visitor) -> None:
    for path in (f"{TASK}/steps/nothing", "/tasks/TI-1/steps/details", "/tasks/nothing", "/tasks/TI-99999999999999999"):
        waiting.get(path, 404)


def test_a_form_without_its_token_is_refused(waiting: Visitor) -> None:
    assert waiting.client.post(STEP, data=ANSWERS).status_code == 400
    assert rows(Submission) == []


@pytest.mark.requirement("A35")
def test_the_end_customer_may_give_the_details(app: Flask, waiting: Visitor, world: World) -> None:
    anna = Visitor(app, world.acme_owner)
    assert "Coro Info Required" in anna.get("/tasks")
    assert anna.send(STEP, **ANSWERS).status_code == 303
