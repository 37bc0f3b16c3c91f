"""Files and lists at the staff's doors besides steps: with a comment, at a start, before an action (B11, X18)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from flows import access
from flows.actions import beginning, commenting, receiving, submitting
from flows.actions.beginning import Wish
from flows.models import AuditEntry, Comment, Instance, Invitation, Upload
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from tests import samples
from tests.admin.desk import differences
from tests.browser_tools import HtmlFacts
from tests.files_play import look_at_all, ready, repair_flow, upload
from tests.portal.browsing import Visitor
from tests.portal.story import rows
from tests.portal.test_attachments import fields_of, kept_in
from tests.portal.test_uploads import post
from tests.stages.desk import Desk, desk

__all__ = ["desk"]

pytestmark = pytest.mark.parametrize("database", ["sqlite"])
NEW_CASE, NEW_TASK = "/admin/cases/new", "/admin/board/new"
NEW = "/admin/instances/new"
INVITE = "/admin/instances/invite"


@pytest.fixture(autouse=True)
def served(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(receiving, "PATIENCE_SECONDS", 0.0)
    with repair_flow():
        yield


@pytest.fixture
def at(app: Flask, desk: Desk) -> Callable[[str], Visitor]:
    """`at("gus")`: their browser."""
    return lambda who: Visitor(app, desk.people[who])


def lost_keys(desk: Desk, by: str = "gus", **fields: Any) -> str:
    with unit_of_work(desk.people[by]) as work:
        wish = Wish(fields={"subject": "Her keys", **fields})
        made = beginning.start_by_staff(work, "lost-keys", desk.world.household, wish)
        work.session.flush()
        desk.ref = made.reference
    return desk.ref


# --- with a comment ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("B11", "B12", "B33")
def test_a_colleague_attaches_for_staff_alone_or_for_everybody(at: Callable[[str], Visitor], desk: Desk) -> None:
    desk.raise_case()
    liv, page = at("liv"), f"/admin/cases/{desk.ref}"
    sent = f"{page}/comment"
    early = post(
        liv, sent, {"upload_ids": [("SECRET.jpg", samples.picture())]}, text="For us", internal="1"
    )  # fmt: skip
    assert early.status_code == 422
    assert "SECRET.jpg is still being checked" in early.text
    assert "For us</textarea>" in early.text
    assert re.search(r'name="internal" value="1" checked', early.text)
    assert HtmlFacts(early.text).problems() == []
    look_at_all()
    kept = kept_in(early.text, "upload_ids")
    assert liv.post(sent, **{"text": "For us", "internal": "1", "upload_ids-kept": kept}).status_code == 303
    plan = ready(desk.people["liv"], "plan.pdf", samples.pdf())
    assert liv.post(sent, **{"text": "", "upload_ids-kept": plan}).status_code == 303
    shown = liv.get(page)
    listed, timeline = shown[shown.index('id="attachments"') :].split('id="timeline"')
    assert re.search(r"SECRET\.jpg</a> .*Liv Colleague, <time.*Only staff", listed)
    assert re.search(r"plan\.pdf</a> .*Liv Colleague, <time", listed)
    assert listed.count("Only staff") == 1
    assert "Attached plan.pdf" in timeline
    assert f'href="/files/{kept[0]}"' in timeline
    assert HtmlFacts(shown).problems() == []
    assert liv.client.get(f"/files/{kept[0]}", buffered=True).status_code == 200
    portal = at("priya").get(f"/cases/{desk.ref}")
    assert "SECRET" not in portal
    assert "plan.pdf" in portal
    assert desk.box("liv", "related") == [desk.ref]


@pytest.mark.requirement("B11")
def test_what_is_refused_says_why_and_what_was_typed_stays(at: Callable[[str], Visitor], desk: Desk) -> None:
    foreign = ready(desk.people["priya"], "unsent-of-priya.jpg")
    desk.make_task(assignee="usr_gus")
    gus, sent = at("gus"), f"/admin/board/{desk.ref}/comment"
    for uid in (foreign, "up_nobody"):
        answer = gus.post(sent, **{"text": "Look", "upload_ids-kept": ["", uid]})
        assert answer.status_code == 422
        assert "This file is not here any more" in answer.text
        assert "Look</textarea>" in answer.text
        assert "unsent-of-priya" not in answer.text
    program = post(gus, sent, {"upload_ids": [("run.exe", samples.PROGRAM)]}, text="Look")
    assert program.status_code == 422
    assert "run.exe is a program inside" in program.text
    assert "Look</textarea>" in program.text
    assert at("gus").post(sent, text=" ").status_code == 422
    reader = Visitor(gus.client.application, desk.world.reader)
    assert post(reader, sent, {"upload_ids": [("a.jpg", samples.picture())]}, text="Look").status_code == 403
    assert rows(Comment) == []
    assert [one.name for one in rows(Upload)] == ["unsent-of-priya.jpg"]


def test_a_file_is_taken_out_before_the_comment_is_sent(at: Callable[[str], Visitor], desk: Desk) -> None:
    desk.make_task(assignee="usr_gus")
    mine, sent = [ready(desk.people["gus"], f"{n}.jpg") for n in "ab"], f"/admin/board/{desk.ref}/comment"
    less = at("gus").post(sent, **{"text": "half", "upload_ids-kept": ["", *mine], "remove-upload_ids-1": "1"})
    assert less.status_code == 200
    assert kept_in(less.text, "upload_ids") == mine[:1]
    assert "half</textarea>" in less.text
    assert rows(Comment) == []


def test_files_cost_a_page_of_a_case_one_statement(
    at: Callable[[str], Visitor], desk: Desk, count_statements: Callable[[], list[str]]
) -> None:
    desk.raise_case()
    gus, made = at("gus"), []
    for more in (0, 1, 3):
        for _ in range(more):
            photo = ready(desk.people["gus"])
            with unit_of_work(desk.people["gus"]) as work:
                commenting.comment(work, access.instance_to_change(work, desk.ref), "", upload_ids=[photo])
        gus.get("/admin/")
        counted = count_statements()
        gus.get(f"/admin/cases/{desk.ref}")
        made.append(len(counted))
    assert made[1] == made[2] == made[0] + 1


# --- a new case or task -----------------------------------------------------------------------------------------


@pytest.mark.requirement("B7", "B11", "X19")
@pytest.mark.parametrize("new", [NEW_CASE, NEW_TASK])
def test_a_case_is_begun_with_its_files(at: Callable[[str], Visitor], desk: Desk, new: str) -> None:
    gus = at("gus")
    page = gus.get(f"{new}?flow=lost-keys")
    assert 'enctype="multipart/form-data"' in page
    assert "What we found out" in page
    fields = {**fields_of(page, new), "subject": "Her keys", "customer": desk.world.household}
    report = {"report": [("report.pdf", samples.pdf())], "ours": [("ours.pdf", samples.pdf(b"ours"))]}
    more = post(gus, new, report, **{**fields, "add-doors": "1"})
    assert more.status_code == 200, "the button of a list begins nothing"
    assert more.text.count('<fieldset class="item"') == 1
    assert 'value="Her keys"' in more.text
    assert HtmlFacts(more.text).problems() == []
    kept = {f"{name}-kept": kept_in(more.text, name) for name in ("report", "ours")}
    fields = {**fields_of(more.text, new), **kept, "customer": desk.world.household}
    early = gus.post(new, **fields)
    assert "report.pdf is still being checked" in early.text
    look_at_all()
    done = gus.post(new, **{**fields, "_key": "another"})
    assert done.status_code == 303, done.text
    [case] = rows(Instance)
    report_id, ours = case.inputs["report"][0], case.inputs["ours"][0]
    assert [(upload(one).instance_id, upload(one).visible_to) for one in (report_id, ours)] == [
        (case.id, []),
        (case.id, ["staff"]),
    ]
    shown = gus.get(f"/admin/cases/{case.reference}")
    for uid in (report_id, ours):
        assert shown.count(f'<a class="name" href="/files/{uid}">') == 2, "what was asked, and the attachments"
    portal = at("priya").get(f"/cases/{case.reference}")
    assert "report.pdf" in portal
    assert "ours.pdf" not in portal
    at("priya").get(f"/files/{ours}", 404)


@pytest.mark.requirement("X20", "X10")
def test_a_private_file_of_a_start_is_opened_at_its_door_alone(at: Callable[[str], Visitor], desk: Desk) -> None:
    card = ready(desk.people["gus"], "her-card.jpg")
    ref = lost_keys(desk, identity=[card])
    gus, door = at("gus"), f"/admin/cases/{ref}/reveal/identity"
    page = gus.get(f"/admin/cases/{ref}")
    assert "her-card.jpg" not in page
    assert f'<a class="btn s" href="{door}">Show' in page
    gus.get(f"/files/{card}", 403)
    assert "Show this private answer?" in gus.get(door)
    shown = gus.send(door)
    assert f'action="{door}/{card}"' in shown.text
    given = gus.post(f"{door}/{card}")
    assert (given.status_code, given.mimetype) == (200, "image/jpeg")
    given.close()
    assert [one["field"] for one in desk.facts("sensitive_read")] == ["identity"] * 2
    opened = select(AuditEntry.thing).where(AuditEntry.kind == "sensitive_file_opened")
    assert access.read_as(SYSTEM).scalars(opened).all() == [ref]
    at("priya").get(f"/files/{card}", 404)
    assert Visitor(gus.client.application, desk.world.reader).post(f"{door}/{card}").status_code == 403
    gus.get(f"/admin/cases/{ref}/reveal/nonsense", 404)


# --- a new instance ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("C28", "X18", "X19")
def test_an_instance_is_begun_with_files_and_a_list_that_grows(at: Callable[[str], Visitor], desk: Desk) -> None:
    gus = at("gus")
    page = gus.get(f"{NEW}?flow=report-a-repair&customer=usr_priya")
    assert "uploads.js" in page
    fields = {**fields_of(page, NEW), "flow": "report-a-repair", "customer": "usr_priya", "message": "half"}
    plan = {"fields-plan": [("plan.pdf", samples.pdf()), ("wall.jpg", samples.picture())]}
    more = post(gus, NEW, plan, **{**fields, "add-fields-keys": "1", "do": ""})
    assert more.status_code == 422
    assert "wall.jpg cannot be used here" in more.text
    assert more.text.count('<fieldset class="item"') == 1
    assert "half</textarea>" in more.text
    assert HtmlFacts(more.text).problems() == []
    [kept] = kept_in(more.text, "fields-plan")
    fields = {**fields, "fields-plan-kept": kept, "fields-keys-0-holder": "Meera", "do": "open"}
    early = gus.post(NEW, **fields)
    assert early.status_code == 422
    assert 'href="#fields-plan-0"' in early.text
    assert 'id="fields-plan-0"' in early.text
    look_at_all()
    done = gus.post(NEW, **{**fields, "_key": "another"})
    assert done.status_code == 303, done.text
    [made] = rows(Instance)
    assert made.inputs == {"plan": [kept], "keys": [{"holder": "Meera", "photo": None}]}
    assert upload(kept).instance_id == made.id
    shown = gus.get(done.location)
    assert f'<a class="name" href="/files/{kept}">plan.pdf</a>' in shown
    assert "files.css" in shown
    assert f'href="/files/{kept}"' in at("priya").get(f"/tasks/{made.reference}")


@pytest.mark.requirement("C10")
def test_an_invitation_asks_for_no_file(at: Callable[[str], Visitor], desk: Desk) -> None:
    gus = at("gus")
    page = gus.get(f"{INVITE}?flow=report-a-repair")
    assert "Keys" in page
    assert "Floor plan" not in page
    given = {"flow": "report-a-repair", "shown": "report-a-repair", "name": "Nia", "email": "nia@example.com"}
    sent = gus.post(INVITE, **given, address="1 Quay", time_zone="Europe/London", do="create")
    assert sent.status_code == 303, sent.text
    assert len(rows(Invitation)) == 1


# --- before an action -------------------------------------------------------------------------------------------


@pytest.mark.requirement("X18", "B8")
def test_lists_of_an_action_grow_in_its_page_and_for_many(at: Callable[[str], Visitor], desk: Desk) -> None:
    ref, gus = lost_keys(desk), at("gus")
    for act, more in (
        (f"/admin/cases/{ref}/act/hand_over", {}),
        ("/admin/cases/bulk/hand_over", {"ref": ref, "_action": "go"}),
    ):
        page = gus.post(act, **more, **{"comment": "half", "office": "dep_repairs", "add-holders": "1"})
        assert page.status_code == 200
        assert page.text.count('<fieldset class="item"') == 1
        assert "half</textarea>" in page.text
        less = gus.post(act, **more, **{"holders-0-name": "Meera", "remove-holders-0": "1"})
        assert '<fieldset class="item"' not in less.text
        assert desk.now().state == "New"
    page = gus.post(f"/admin/cases/{ref}/act/hand_over", **{"office": "dep_repairs", "holders-0-name": "Meera"})
    assert page.status_code == 303, page.text
    assert desk.now().state == "Done"


# --- attempts side by side --------------------------------------------------------------------------------------


@pytest.mark.requirement("X20", "C36")
def test_another_file_of_the_same_name_is_marked_as_changed(at: Callable[[str], Visitor], desk: Desk) -> None:
    priya = desk.people["priya"]
    with unit_of_work(desk.people["gus"]) as work:
        made = beginning.start_by_staff(work, "report-a-repair", "usr_priya", Wish())
        work.session.flush()
        ref = made.reference
    photo, proof = ready(priya, "a.jpg"), ready(priya, "proof.jpg")
    for given in (
        {"photos": [photo], "proof": [proof], "note": "Leak"},
        {"photos": [ready(priya, "a.jpg")], "proof": [ready(priya, "proof.jpg")], "note": "Leak"},
    ):
        with unit_of_work(priya) as work:
            instance = access.instance_to_change(work, ref)
            step = access.step_of(instance, "photos")
            step.state = "open"
            submitting.submit(work, instance, step, given)
    page = at("gus").get(f"/admin/instances/{ref}/steps/photos/attempts")
    assert differences(page) == {"Photos of the damage": "Changed", "Note": "Same", "Proof of income": "Changed",
                                 "Rooms": "Same"}  # fmt: skip
    assert "proof.jpg" not in page
