"""Files and lists at the customer's doors besides steps: with a comment, at a start, before an action (B11, X18)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from flows import access
from flows.actions import beginning, commenting, receiving
from flows.models import Comment, Instance, Upload
from flows.rules.actors import SYSTEM
from flows.work import end_reading, unit_of_work
from messaging import redis_door
from tests import samples
from tests.browser_tools import HtmlFacts
from tests.files_play import look_at_all, ready, repair_flow, upload
from tests.portal.browsing import Visitor, bare, forms_in
from tests.portal.story import rows
from tests.portal.test_uploads import post
from tests.stages.desk import Desk, desk

__all__ = ["desk"]

pytestmark = pytest.mark.parametrize("database", ["sqlite"])
NEW = "/cases/new"
KEYS = f"{NEW}?flow=lost-keys"
REQUEST = "/requests/report-a-repair"


@pytest.fixture(autouse=True)
def served(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(receiving, "PATIENCE_SECONDS", 0.0)
    with repair_flow():
        yield


@pytest.fixture
def priya(app: Flask, desk: Desk) -> Visitor:
    return Visitor(app, desk.people["priya"])


def fields_of(page: str, action: str) -> dict[str, str]:
    return dict(next(form["fields"] for form in forms_in(page) if form["action"] == action))


def kept_in(page: str, control: str) -> list[str]:
    return re.findall(rf'name="{control}-kept" value="(up_\w+)"', page)


# --- with a comment ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("B11", "B12")
def test_a_client_attaches_files_with_words_or_without(priya: Visitor, desk: Desk) -> None:
    desk.raise_case()
    page, sent = f"/cases/{desk.ref}", f"/cases/{desk.ref}/comment"
    fields = fields_of(priya.get(page), sent)
    early = post(priya, sent, {"upload_ids": [("door.jpg", samples.picture())]}, **fields, text="It looks like this")
    assert early.status_code == 422
    assert "door.jpg is still being checked" in early.text
    assert "It looks like this</textarea>" in early.text
    assert HtmlFacts(early.text).problems() == []
    look_at_all()
    again = {**fields_of(early.text, sent), "upload_ids-kept": kept_in(early.text, "upload_ids")}
    done = post(priya, sent, {}, **again, text="It looks like this")
    assert done.status_code == 303, done.text
    plan = ready(desk.people["priya"], "plan.pdf", samples.pdf())
    assert priya.post(sent, **{"text": "", "upload_ids-kept": ["", plan]}).status_code == 303
    shown = priya.get(page)
    assert "Attached plan.pdf" in shown
    attachments = shown[shown.index('id="attachments"') :]
    assert "812 KB" not in attachments
    for name in ("door.jpg", "plan.pdf"):
        assert re.search(rf'href="/files/up_\w+">{name}</a> <span class="muted">\d+ \w+</span>', attachments), name
    assert "Priya Shah, <time" in attachments
    assert HtmlFacts(shown).problems() == []
    assert priya.client.get(f"/files/{plan}", buffered=True).data == samples.pdf()


@pytest.mark.requirement("B11")
def test_what_is_refused_says_why_and_what_was_typed_stays(priya: Visitor, desk: Desk) -> None:
    taken = ready(desk.people["priya"], "taken.jpg")
    desk.raise_case()
    with unit_of_work(desk.people["priya"]) as work:
        commenting.comment(work, access.instance_to_change(work, desk.ref), "", upload_ids=[taken])
    desk.raise_case()
    sent, foreign = f"/cases/{desk.ref}/comment", ready(desk.people["stan"], "secret-name.jpg")
    for uid in (taken, foreign, "up_nobody"):
        answer = priya.post(sent, **{"text": "Here it is", "upload_ids-kept": ["", uid]})
        assert answer.status_code == 422
        assert "This file is not here any more. Choose it again" in answer.text
        assert "Here it is</textarea>" in answer.text
        assert "secret-name" not in answer.text
    program = post(priya, sent, {"upload_ids": [("run.exe", samples.PROGRAM)]}, text="Here it is")
    assert program.status_code == 422
    assert "run.exe is a program inside" in program.text
    assert "Here it is</textarea>" in program.text
    many = priya.post(sent, **{"text": "All", "upload_ids-kept": [f"up_{n}" for n in range(11)]})
    assert "Attach 10 files at once at most" in many.text
    nothing = priya.post(sent, text=" ")
    assert "Write a comment, or attach a file" in nothing.text
    end_reading()
    assert len(access.read_as(SYSTEM).scalars(select(Comment)).all()) == 1


def test_a_file_is_taken_out_before_the_comment_is_sent(priya: Visitor, desk: Desk) -> None:
    desk.raise_case()
    mine, sent = [ready(desk.people["priya"], f"{n}.jpg") for n in "ab"], f"/cases/{desk.ref}/comment"
    less = priya.post(sent, **{"text": "half", "upload_ids-kept": ["", *mine], "remove-upload_ids-0": "1"})
    assert less.status_code == 200
    assert kept_in(less.text, "upload_ids") == mine[1:]
    assert "half</textarea>" in less.text
    assert rows(Comment) == []


@pytest.mark.requirement("B11", "B12")
def test_nothing_internal_reaches_a_client_with_its_files(
    app: Flask, priya: Visitor, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.raise_case()
    before = bare(priya.get(f"/cases/{desk.ref}"))
    heard: list[dict[str, object]] = []
    monkeypatch.setattr(redis_door, "publish", lambda _channel, words: heard.extend(json.loads(words)))
    secret = ready(desk.people["gus"], "SECRET-FILE.jpg")
    heard.clear()
    with unit_of_work(desk.people["gus"]) as work:
        commenting.comment(work, access.instance_to_change(work, desk.ref), "SECRET-NOTE", True, [secret])
    assert [poke["rooms"] for poke in heard] == [["staff"]], "no socket of a client hears of it"
    assert "SECRET" not in json.dumps(heard)
    assert bare(priya.get(f"/cases/{desk.ref}")) == before
    for path in ("/files/{}", "/files/{}/preview", "/uploads/{}"):
        missing = bare(priya.get(path.format("up_nobody"), 404)).replace("up_nobody", "X")
        assert bare(priya.get(path.format(secret), 404)).replace(secret, "X") == missing
    hijack = priya.post(f"/cases/{desk.ref}/comment", **{"text": "Mine", "upload_ids-kept": ["", secret]})
    assert hijack.status_code == 422
    assert "SECRET" not in hijack.text


def test_a_foreign_case_takes_no_files(app: Flask, desk: Desk) -> None:
    desk.raise_case()
    stan = Visitor(app, desk.people["stan"])
    answer = post(stan, f"/cases/{desk.ref}/comment", {"upload_ids": [("a.jpg", samples.picture())]}, text="Hello")
    assert answer.status_code == 404
    assert rows(Upload) == []


# --- when a case is raised --------------------------------------------------------------------------------------


@pytest.mark.requirement("B5", "B11", "X19")
def test_a_case_is_raised_with_its_files(priya: Visitor, desk: Desk) -> None:
    page = priya.get(KEYS)
    assert 'enctype="multipart/form-data"' in page
    assert "Police report" in page
    assert "What we found out" not in page
    fields = fields_of(page, NEW)
    report = {"report": [("report.pdf", samples.pdf()), ("run.exe", samples.PROGRAM)]}
    first = post(priya, NEW, report, **{**fields, "subject": "My keys"})
    assert first.status_code == 422
    assert "run.exe is a program inside" in first.text
    assert 'value="My keys"' in first.text
    [kept] = kept_in(first.text, "report")
    early = post(priya, NEW, {}, **{**fields_of(first.text, NEW), "subject": "My keys", "report-kept": kept})
    assert "report.pdf is still being checked" in early.text
    assert 'id="report-0"' in early.text
    look_at_all()
    done = post(priya, NEW, {}, **{**fields_of(early.text, NEW), "subject": "My keys", "report-kept": kept})
    assert done.status_code == 303, done.text
    [case] = rows(Instance)
    assert case.inputs["report"] == [kept]
    sent = upload(kept)
    assert (sent.instance_id, sent.step, sent.field) == (case.id, "", "report")
    shown = priya.get(done.location)
    assert f'<a class="name" href="/files/{kept}">report.pdf</a>' in shown[shown.index("What you asked") :]
    assert f'<a class="name" href="/files/{kept}">report.pdf</a>' in shown[shown.index('id="attachments"') :]
    assert HtmlFacts(shown).problems() == []


@pytest.mark.requirement("X19", "X20")
def test_files_of_others_start_nothing_and_a_private_one_is_named_nowhere(priya: Visitor, desk: Desk) -> None:
    foreign, card = ready(desk.people["stan"], "foreign.jpg"), ready(desk.people["priya"], "my-card.jpg")
    given = {"flow": "lost-keys", "organisation": desk.world.household, "subject": "My keys"}
    refused = priya.post(NEW, **given, **{"report-kept": ["", foreign], "ours-kept": ["", card]})
    assert refused.status_code == 422
    assert "This file is not here any more" in refused.text
    assert "foreign.jpg" not in refused.text
    done = priya.post(NEW, **given, **{"identity-kept": ["", card], "ours-kept": ["", card]})
    assert done.status_code == 303, done.text
    assert (upload(card).field, upload(card).is_sensitive) == ("identity", True)
    shown = priya.get(done.location)
    assert "my-card.jpg" not in shown
    assert card not in shown


@pytest.mark.requirement("X18")
def test_a_list_of_a_new_case_grows_shrinks_and_is_sent(priya: Visitor, desk: Desk) -> None:
    page = priya.post(NEW, **{**fields_of(priya.get(KEYS), NEW), "subject": "My keys", "add-doors": "1"})
    assert page.status_code == 200, "the button of a list sends nothing"
    assert page.text.count('<fieldset class="item"') == 1
    assert 'value="My keys"' in page.text
    fields = {**fields_of(page.text, NEW), "doors-0-name": "Front", "add-doors": "1"}
    page = priya.post(NEW, **fields)
    assert page.text.count('<fieldset class="item"') == 2
    fields = {**fields_of(page.text, NEW), "doors-1-name": "Back", "remove-doors-0": "1"}
    page = priya.post(NEW, **fields)
    assert page.text.count('<fieldset class="item"') == 1
    assert rows(Instance) == []
    done = post(
        priya, NEW, {"doors-0-photo": [("back.jpg", samples.picture())]}, **fields_of(page.text, NEW)
    )  # fmt: skip
    assert "back.jpg is still being checked" in done.text
    look_at_all()
    fields = {**fields_of(done.text, NEW), "doors-0-photo-kept": kept_in(done.text, "doors-0-photo")}
    done = priya.post(NEW, **fields)
    assert done.status_code == 303, done.text
    [case] = rows(Instance)
    [door] = case.inputs["doors"]
    assert door["name"] == "Back"
    assert f'href="/files/{door["photo"][0]}"' in priya.get(done.location)


# --- when a request is started ----------------------------------------------------------------------------------


@pytest.mark.requirement("X19", "C10")
def test_a_request_is_started_with_its_files(priya: Visitor, desk: Desk) -> None:
    fields = fields_of(priya.get(REQUEST), REQUEST)
    page = post(priya, REQUEST, {"plan": [("plan.pdf", samples.pdf())]}, **{**fields, "add-keys": "1"})
    assert page.status_code == 200, "the button of a list starts nothing"
    assert page.text.count('<fieldset class="item"') == 1
    assert HtmlFacts(page.text).problems() == []
    [plan] = kept_in(page.text, "plan")
    look_at_all()
    fields = {**fields_of(page.text, REQUEST), "plan-kept": plan, "keys-0-holder": "Meera"}
    done = priya.post(REQUEST, **fields)
    assert done.status_code == 303, done.text
    [request] = rows(Instance)
    assert request.inputs == {"plan": [plan], "keys": [{"holder": "Meera", "photo": None}]}
    assert upload(plan).instance_id == request.id
    task = priya.get(done.location)
    assert f'<a class="name" href="/files/{plan}">plan.pdf</a>' in task
    assert "files.css" in task
    assert f'href="/files/{plan}"' in priya.get(f"{done.location}/copy")
    assert priya.client.get(f"/files/{plan}", buffered=True).status_code == 200


def test_a_file_that_the_field_does_not_take_is_refused_at_the_start(priya: Visitor, desk: Desk) -> None:
    fields = fields_of(priya.get(REQUEST), REQUEST)
    page = post(priya, REQUEST, {"plan": [("wall.jpg", samples.picture())]}, **fields)
    assert page.status_code == 422
    assert "wall.jpg cannot be used here. Choose a PDF file" in page.text
    assert rows(Instance) == []


# --- before an action -------------------------------------------------------------------------------------------


@pytest.mark.requirement("X18", "B4")
def test_an_action_of_a_client_asks_for_lists_and_for_choices(priya: Visitor, desk: Desk) -> None:
    with unit_of_work(desk.people["priya"]) as work:
        made = beginning.start_by_customer(work, "lost-keys", desk.world.household, {"subject": "My keys"})
        work.session.flush()
        desk.ref = made.reference
    act = f"/cases/{desk.ref}/act/hand_over"
    page = priya.get(act)
    assert "Repairs" in page
    assert "Lettings" in page
    more = priya.post(act, **{**fields_of(page, act), "office": "dep_repairs", "comment": "half", "add-holders": "1"})
    assert more.status_code == 200
    assert more.text.count('<fieldset class="item"') == 1
    assert "half</textarea>" in more.text
    assert desk.now().state == "New"
    searched = priya.post(act, **{**fields_of(page, act), "_action": "find", "comment": "half"})
    assert searched.status_code == 200
    fields = {**fields_of(more.text, act), "office": "dep_repairs", "holders-0-name": "Meera"}
    assert priya.post(act, **fields).status_code == 303
    assert desk.now().state == "Done"
