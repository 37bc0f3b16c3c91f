"""Files through the portal: sent at once or with the form, listed, removed, shown, and refused in words (P6)."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from flows import store
from flows.access import read_as
from flows.actions import receiving
from flows.models import Step, Submission, Upload
from flows.rules.actors import SYSTEM
from flows.work import end_reading
from tests import samples
from tests.browser_tools import HtmlFacts
from tests.files_play import STEP, TASK, begin, look_at_all, ready, repair_flow, send, upload
from tests.portal.browsing import Visitor, forms_in
from tests.portal.story import rows
from tests.world import World

Files = dict[str, list[tuple[str, bytes]]]


@pytest.fixture(autouse=True)
def served(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(receiving, "PATIENCE_SECONDS", 0.0)
    with repair_flow():
        yield


@pytest.fixture
def repair(tenant: Visitor, world: World) -> Visitor:
    """Priya, who is asked for photos."""
    begin(world.agent)
    return tenant


def post(visitor: Visitor, path: str, files: Files, **fields: Any) -> TestResponse:
    """Send a form with files, as a browser without JavaScript does."""
    sent = {"csrf_token": visitor.token(), **fields, **{name: _streams(several) for name, several in files.items()}}
    return _multipart(visitor, path, sent, {"Referer": f"http://localhost{path}"})


def by_script(visitor: Visitor, *files: tuple[str, bytes]) -> TestResponse:
    """Send files as uploads.js does."""
    sent = {"csrf_token": visitor.token(), "file": _streams(files)}
    return _multipart(visitor, "/uploads", sent, {"Accept": "application/json", "X-Fragment": "1"})


def _streams(files: Sequence[tuple[str, bytes]]) -> list[FileStorage]:
    return [FileStorage(io.BytesIO(content), name) for name, content in files]


def _multipart(visitor: Visitor, path: str, sent: dict[str, Any], headers: dict[str, str]) -> TestResponse:
    boundary, body = encode_multipart(MultiDict(sent))
    kind = f"multipart/form-data; boundary={boundary}"
    return visitor.client.post(path, data=body, headers=headers, content_type=kind)


def fields_of(page: str) -> dict[str, str]:
    return dict(next(form["fields"] for form in forms_in(page) if form["action"] == STEP))


# --- without JavaScript -----------------------------------------------------------------------------------------


@pytest.mark.requirement("X19")
def test_files_go_with_the_form_and_the_next_page_lists_them(repair: Visitor) -> None:
    page = repair.get(STEP)
    assert 'enctype="multipart/form-data"' in page
    assert "JPG, PNG, GIF, WebP, HEIC, PDF, up to 10 MB each, at most 3 files" in page
    assert HtmlFacts(page).problems() == []
    fields = fields_of(page)
    files = {"photos": [("ceiling.jpg", samples.picture()), ("wall.png", samples.picture("PNG"))]}
    first = post(repair, STEP, files, **fields)
    assert first.status_code == 422, "nobody has looked at them yet"
    assert "ceiling.jpg is still being checked. Try again in a moment" in first.text
    assert 'href="#photos-0"' in first.text
    assert 'id="photos-0"' in first.text
    assert HtmlFacts(first.text).problems() == []
    look_at_all()
    kept = [one.uid for one in rows(Upload)]
    again = {**fields_of(first.text), "photos-kept": ["", *kept]}
    assert post(repair, STEP, {"photos": [("", b"")]}, **again).location == TASK
    [sent] = rows(Submission)
    assert sent.answers["photos"] == kept
    over = repair.get(STEP)
    for uid, name in zip(kept, ("ceiling.jpg", "wall.png"), strict=True):
        assert f'<a class="name" href="/files/{uid}">{name}</a>' in over


def test_a_worker_that_is_quick_needs_no_second_try(repair: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = receiving.wait_until_checked
    monkeypatch.setattr(receiving, "wait_until_checked", lambda *given: (look_at_all(), waited(*given)))
    fields = fields_of(repair.get(STEP))
    assert post(repair, STEP, {"photos": [("ceiling.jpg", samples.picture())]}, **fields).location == TASK


@pytest.mark.requirement("X14", "X19")
def test_a_file_that_is_refused_stands_beside_its_field_and_everything_else_is_kept(repair: Visitor) -> None:
    fields = {**fields_of(repair.get(STEP)), "note": "By the lamp"}
    files = {"photos": [("ceiling.jpg", samples.picture()), ("page.jpg", samples.HTML)]}
    answer = post(repair, STEP, files, **fields)
    assert answer.status_code == 422
    assert "page.jpg is a web page or a drawing with code inside" in answer.text
    assert 'href="#photos"' in answer.text
    assert 'value="By the lamp"' in answer.text
    assert "ceiling.jpg" in answer.text
    [step] = [one for one in rows(Step) if one.name == "photos"]
    assert step.draft["note"] == "By the lamp"
    assert step.draft["photos"] == [rows(Upload)[0].uid]
    assert rows(Submission) == []


@pytest.mark.requirement("X18")
def test_lists_grow_and_shrink_and_nothing_that_was_typed_is_lost(repair: Visitor) -> None:
    page = repair.post(STEP, **{**fields_of(repair.get(STEP)), "note": "half", "add-rooms": "1"}).text
    assert page.count('<fieldset class="item"') == 1
    assert 'class="item" tabindex="-1" autofocus' in page
    fields = {**fields_of(page), "rooms-0-name": "Kitchen", "add-rooms": "1"}
    page = repair.post(STEP, **fields).text
    assert page.count('<fieldset class="item"') == 2
    assert 'name="rooms-0-name" value="Kitchen"' in page
    assert 'value="half"' in page
    fields = {**fields_of(page), "rooms-1-name": "Bath", "remove-rooms-0": "1"}
    answer = repair.post(STEP, **fields)
    assert answer.status_code == 200
    assert answer.text.count('<fieldset class="item"') == 1
    assert 'name="rooms-0-name" value="Bath"' in answer.text
    [step] = [one for one in rows(Step) if one.name == "photos"]
    assert (step.draft["note"], step.draft["rooms"]) == ("half", [{"name": "Bath", "plan": None}])
    assert HtmlFacts(answer.text).problems() == []
    fields = {**fields_of(answer.text), "version": "77", "add-rooms": "1"}
    assert repair.post(STEP, **fields).status_code == 412


def test_a_list_grows_in_the_dialog_too(repair: Visitor) -> None:
    answer = repair.post(STEP, fragment=True, **{**fields_of(repair.get(STEP)), "add-rooms": "1"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert '<fieldset class="item"' in answer.text


def test_a_file_is_taken_out_by_its_button(repair: Visitor) -> None:
    fields = fields_of(repair.get(STEP))
    files = {"photos": [("a.jpg", samples.picture()), ("b.jpg", samples.picture())]}
    page = post(repair, STEP, files, _action="draft", **fields)
    assert page.location == TASK, "save and come back later takes files too"
    kept = [one.uid for one in rows(Upload)]
    page = repair.get(STEP)
    assert 'name="remove-photos-1"' in page
    fields = {**fields_of(page), "photos-kept": ["", *kept], "remove-photos-0": "1"}
    page = repair.post(STEP, **fields).text
    assert "a.jpg" not in page
    assert "b.jpg" in page
    assert upload(kept[0]).instance_id is None
    assert upload(kept[1]).instance_id is not None


def test_a_file_in_a_list_and_one_that_takes_the_place_of_another(repair: Visitor) -> None:
    page = repair.post(STEP, **{**fields_of(repair.get(STEP)), "add-rooms": "1"}).text
    fields = {**fields_of(page), "rooms-0-name": "Kitchen"}
    page = post(repair, STEP, {"rooms-0-plan": [("old.pdf", samples.pdf())]}, **fields).text
    assert "old.pdf" in page
    [old] = [one.uid for one in rows(Upload)]
    fields = {**fields_of(page), "rooms-0-plan-kept": ["", old], "add-rooms": "1"}
    page = post(repair, STEP, {"rooms-0-plan": [("new.pdf", samples.pdf())]}, **fields).text
    assert "new.pdf" in page
    assert "old.pdf" not in page


def test_files_in_controls_that_are_none_are_left_alone(repair: Visitor) -> None:
    fields = fields_of(repair.get(STEP))
    post(repair, STEP, {"note": [("a.jpg", samples.picture())], "other": [("b.jpg", samples.picture())]}, **fields)
    assert rows(Upload) == []


def test_a_step_with_files_is_a_page_and_no_dialog(repair: Visitor) -> None:
    assert repair.client.get(f"{TASK}/complete", headers={"X-Fragment": "1"}).location == STEP
    assert f'href="{STEP}" aria-describedby="yours-1">' in repair.get(TASK), "no data-dialog"


def test_a_form_that_is_too_large_is_refused_in_words(repair: Visitor, app: Flask) -> None:
    large = samples.pdf(b" " * 1024 * 1024)
    app.config["BATON"] = replace(app.config["BATON"], upload_mb=1)
    answer = post(repair, STEP, {"photos": [("a.pdf", large), ("b.pdf", large)]}, **fields_of(repair.get(STEP)))
    assert answer.status_code == 413
    assert "That is too large" in answer.text
    assert rows(Upload) == []
    answer = by_script(repair, ("a.pdf", large), ("b.pdf", large))
    assert (answer.status_code, answer.json["code"]) == (413, "upload-too-large")
    assert repair.post("/contact").status_code == 405


def test_other_forms_stay_small(repair: Visitor) -> None:
    answer = repair.client.post("/theme", data=b"x" * 2_000_000, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413


# --- with JavaScript --------------------------------------------------------------------------------------------


@pytest.mark.requirement("X19")
def test_a_script_sends_files_and_asks_how_they_stand(repair: Visitor) -> None:
    answer = by_script(repair, ("ceiling.jpg", samples.picture()), ("run.exe", samples.PROGRAM))
    assert answer.status_code == 201
    good, bad = answer.json["data"]
    assert (good["name"], good["state"], good["refusal"]) == ("ceiling.jpg", "checking", "")
    assert (bad["id"], bad["state"]) == (None, "refused")
    assert "run.exe is a program inside" in bad["refusal"]
    look_at_all()
    state = repair.client.get(f"/uploads/{good['id']}").json
    assert (state["state"], state["has_preview"]) == ("ready", True)
    assert repair.post(f"/uploads/{good['id']}/discard").status_code == 204
    repair.get(f"/uploads/{good['id']}", 404)


def test_a_script_is_told_no_in_json(repair: Visitor, app: Flask) -> None:
    answer = by_script(repair, ("page.jpg", samples.HTML))
    assert (answer.status_code, len(answer.json["data"])) == (422, 1)
    none = by_script(repair)
    assert (none.status_code, none.json["detail"]) == (422, "Choose a file to send")
    sent = {"file": (io.BytesIO(b"x"), "x.txt")}
    forged = repair.client.post("/uploads", data=sent, headers={"Accept": "application/json"})
    assert (forged.status_code, forged.mimetype) == (400, "application/problem+json")
    out = app.test_client().post("/uploads", headers={"Accept": "application/json", "X-Fragment": "1"})
    assert out.status_code == 401
    assert rows(Upload) == []


@pytest.mark.requirement("X14")
def test_the_draft_keeps_what_a_script_has_sent(repair: Visitor, world: World) -> None:
    photo = by_script(repair, ("ceiling.jpg", samples.picture())).json["data"][0]["id"]
    fields = {**fields_of(repair.get(STEP)), "photos-kept": ["", photo]}
    assert repair.client.put(f"{STEP}/draft", data={"csrf_token": repair.token(), **fields}).status_code == 204
    assert upload(photo).instance_id is not None
    page = repair.get(STEP)
    assert f'value="{photo}"' in page
    assert ">Checking</span>" in page
    look_at_all()
    assert ">Uploaded</span>" in repair.get(STEP)


# --- given out --------------------------------------------------------------------------------------------------


def test_a_file_is_given_out_as_a_download_and_its_preview_as_a_picture(repair: Visitor, world: World) -> None:
    uid = ready(world.tenant, "Küche 1.jpg", samples.located())
    answer = repair.client.get(f"/files/{uid}")
    assert answer.data == samples.located()
    assert answer.mimetype == "image/jpeg"
    assert answer.headers["Content-Length"] == str(len(samples.located()))
    said = answer.headers["Content-Disposition"]
    assert said.startswith("attachment;")
    assert "filename*=UTF-8''K%C3%BCche%201.jpg" in said
    preview = repair.client.get(f"/files/{uid}/preview")
    assert preview.headers["Content-Disposition"].startswith("inline;")
    assert b"PhoneMaker" not in preview.data
    for one in (answer, preview):
        assert one.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert one.headers["X-Content-Type-Options"] == "nosniff"
        assert one.headers["Cache-Control"] == "private, no-store"
        one.close()


def test_what_is_checked_or_refused_has_a_page_with_words(repair: Visitor, world: World) -> None:
    uid = send(world.tenant, "cut.jpg", samples.located()[:9000])
    assert "cut.jpg is still being checked. Try again in a moment" in repair.get(f"/files/{uid}", 409)
    look_at_all()
    for path in (f"/files/{uid}", f"/files/{uid}/preview"):
        assert "cut.jpg is cut off or damaged" in repair.get(path, 410)
    letter = ready(world.tenant, "a.pdf", samples.pdf())
    repair.get(f"/files/{letter}/preview", 404)


def test_lost_bytes_are_not_there(repair: Visitor, world: World) -> None:
    uid = ready(world.tenant)
    store.path_of(upload(uid).sha256).unlink()
    repair.get(f"/files/{uid}", 404)


def test_pages_with_files_ask_little(repair: Visitor, world: World, count_statements: Any) -> None:
    photos = [ready(world.tenant, f"{n}.jpg") for n in range(3)]
    fields = {**fields_of(repair.get(STEP)), "photos-kept": photos}
    repair.client.put(f"{STEP}/draft", data={"csrf_token": repair.token(), **fields})
    counted = count_statements()
    repair.get(STEP)
    assert len([one for one in counted if "uploads" in one]) == 1, "one question for all files of a page"
    end_reading()
    assert read_as(SYSTEM).scalar(select(Upload.id)) is not None
